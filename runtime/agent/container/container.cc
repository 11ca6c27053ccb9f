// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/container.h"
