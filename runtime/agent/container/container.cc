// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/container.h"

#include <signal.h>

#include "agent.pb.h"
#include "runtime/agent/container/cgroup.h"
#include "runtime/agent/container/cgroup_stats.h"
#include "runtime/agent/container/launch.h"
#include "runtime/agent/container/launch_plan.h"
#include "runtime/agent/container_init/hooks.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

std::string bundle_of(const ContainerOptions& options, const grpc::Spec& spec) {
  return options.bundle.empty() ? parent_path(clean_path(spec.root().path())) : options.bundle;
}

}  // namespace

Container::Container() = default;

Container::~Container() {
  ignore_error([&] { remove(); }, "the container goes with the guest at the latest");
}

std::unique_ptr<Container> Container::create(const std::string& id, const grpc::Spec& spec,
                                             const ContainerOptions& options) {
  std::unique_ptr<Container> container(
      new Container);  // its destructor undoes what has been done so far
  container->id_ = id;
  container->spec_ = std::make_unique<grpc::Spec>(spec);
  container->options_ = options;
  container->options_.string_user = nullptr;  // borrowed for this call only
  container->options_.shared_pidns = -1;
  const std::string location =
      cgroup_location(spec.linux().cgroups_path(), options.cgroup_parent, id);
  launch::Plan plan =
      make_init_plan(id, spec, options.string_user, join_path(options.cgroup_root, location),
                     options.shared_pidns >= 0);
  const std::string bundle = bundle_of(options, spec);
  if (plan.hooks().create_container_size() + plan.hooks().start_container_size() > 0)
    plan.set_state(hook_state(id, "creating", 0, bundle));

  container->cgroup_ = ContainerCgroup::create(options.cgroup_root, location);
  container->cgroup_->apply(spec.linux().resources(), true);
  container->launch_ = std::make_unique<Launch>(plan, options.executable, options.shared_pidns);
  Launch& launch = *container->launch_;
  container->cgroup_->add_process(launch.first_pid());
  launch.prepare(spec.process(), spec.linux(), [&](pid_t pid) {
    const auto state = [&] { return hook_state(id, "creating", pid, bundle); };
    run_hooks(spec.hooks().prestart(), "prestart", state);
    run_hooks(spec.hooks().create_runtime(), "createRuntime", state);
  });
  container->init_ = std::move(launch.process());
  launch.process().pid = container->init_.pid;  // still the launch's to kill, until it has started
  return container;
}

void Container::start() {
  if (started_ || !launch_) {
    throw_error(Code::failed_precondition, "container {} has been started already", id_);
  }
  if (cgroup_->is_frozen()) throw_error(Code::failed_precondition, "container {} is paused", id_);
  const std::unique_ptr<Launch> launch = std::move(launch_);
  launch->execute();
  started_ = true;
  ignore_error(
      [&] {
        run_hooks(spec_->hooks().poststart(), "poststart", [&] {
          return hook_state(id_, "running", init_.pid, bundle_of(options_, *spec_));
        });
      },
      "a poststart hook's failure is only a warning; see OCI runtime-spec, runtime, Lifecycle");
}

StartedProcess Container::exec(const grpc::Process& process, const grpc::StringUser* string_user) {
  // An init that waits for start() holds the namespaces already.
  const bool has_init = started_ || launch_ != nullptr;
  if (!has_init || removed_)
    throw_error(Code::failed_precondition, "container {} is not running", id_);
  // A process in a frozen cgroup would never answer.
  if (cgroup_->is_frozen()) {
    throw_error(Code::failed_precondition, "cannot exec in a paused container (container {})", id_);
  }
  const launch::Plan plan = make_exec_plan(id_, *spec_, process, string_user, init_.pid);
  Launch launch(plan, options_.executable, -1);
  cgroup_->add_process(launch.first_pid(), init_.pid);
  launch.prepare(process, spec_->linux(), [](pid_t) {});
  launch.execute();
  return std::move(launch.process());
}

void Container::signal_all(int signal) { cgroup_->signal_all(signal); }

void Container::pause() { cgroup_->set_frozen(true); }

void Container::resume() { cgroup_->set_frozen(false); }

void Container::update(const grpc::LinuxResources& resources) {
  in_context([&] { cgroup_->apply(resources, false); }, "update container {}", id_);
}

grpc::CgroupStats Container::stats() const { return read_cgroup_stats(cgroup_->path()); }

std::vector<pid_t> Container::pids() const { return cgroup_->pids(); }

std::string Container::memory_events_path() const {
  return join_path(cgroup_->path(), "memory.events");
}

std::uint64_t Container::oom_kill_count() const { return cgroup_->oom_kill_count(); }

void Container::remove() {
  if (removed_) return;
  removed_ = true;
  launch_.reset();  // kills and reaps an init that was never started
  if (!cgroup_) return;
  cgroup_->remove();
  ignore_error(
      [&] {
        run_hooks(spec_->hooks().poststop(), "poststop",
                  [&] { return hook_state(id_, "stopped", 0, bundle_of(options_, *spec_)); });
      },
      "a poststop hook's failure is only a warning");
}

}  // namespace kata::agent
