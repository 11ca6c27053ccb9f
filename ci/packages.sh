# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# What each group of verbs needs, by the packages' names, and how to install it. Sourced by ci/dev. The lists for Oracle
# Linux are by name only so far; the ones for Debian are what CI installs.

apt_build=(
  g++ cmake ninja-build ccache pkg-config python3
  libfmt-dev libspdlog-dev nlohmann-json3-dev libprotobuf-dev protobuf-compiler libasio-dev libtomlplusplus-dev
  libcli11-dev libseccomp-dev libcap-ng-dev libarchive-dev liblz4-dev liblzma-dev libzstd-dev libyaml-cpp-dev libssl-dev catch2
  # disk images
  libguestfs-dev libext2fs-dev squashfs-tools qemu-utils xfsprogs
  # downloads
  curl ca-certificates
  # repositories
  libcreaterepo-c-dev librpm-dev zlib1g-dev
  # the guest kernel
  linux-source-6.1 make gcc flex bison bc libelf-dev zstd xz-utils perl cpio
  # packages
  rpm gnupg git tar gzip
)
# a container by Docker in its own machine
apt_engine=(
  docker.io containerd runc iptables iproute2 qemu-system-x86 busybox-static
  util-linux procps cpio
)
apt_test=(
  # an image of a whole distribution
  mmdebstrap
  strace
  # what makes scopes on hosts with systemd is asked over it
  dbus-daemon
  # the guest's load balancer
  ipvsadm
  # its network, the first process of its pods and of --init, and what containers without root need
  podman conmon netavark aardvark-dns catatonit slirp4netns fuse-overlayfs uidmap
  # packages and repositories, their pages
  rpmlint dnf createrepo-c python3 chromium
  # guest images made by hand
  e2fsprogs erofs-utils cryptsetup-bin
  # pipelines
  rsync
  # completion
  fish zsh
)
apt_bench=(iperf3)
apt_pipeline=(rsync openssh-client)
apt_fuzz=(clang-16 libclang-rt-16-dev)
apt_tidy=(clang-tidy-16)
apt_lint=(clang-format shellcheck python3 git)

dnf_build=(
  gcc-c++ cmake ninja-build ccache pkgconf python3 glibc-static libstdc++-static
  fmt-devel spdlog-devel json-devel protobuf-devel protobuf-lite-static protobuf-compiler asio-devel tomlplusplus-devel
  cli11-devel libseccomp-devel libseccomp-static libcap-ng-devel libarchive-devel lz4-devel xz-devel libzstd-devel yaml-cpp-devel openssl-devel
  catch2-devel createrepo_c-devel rpm-devel zlib-devel libguestfs-devel e2fsprogs-devel squashfs-tools qemu-img xfsprogs
  make gcc flex bison bc elfutils-libelf-devel zstd xz perl cpio
  rpm-build rpm-sign gnupg2 git-core tar gzip curl ca-certificates
)
dnf_engine=(docker-engine containerd runc iptables iproute qemu-kvm virtiofsd busybox util-linux procps-ng cpio)
dnf_test=(podman netavark catatonit slirp4netns strace dbus-daemon ipvsadm rpmlint dnf createrepo_c python3 chromium rsync fish zsh
  e2fsprogs erofs-utils veritysetup) # chromium is in EPEL
dnf_bench=(iperf3)
dnf_pipeline=(rsync openssh-clients)
dnf_fuzz=(clang compiler-rt)
dnf_tidy=(clang-tools-extra)
dnf_lint=(clang-tools-extra ShellCheck python3 git)

missing_debian() {
  # dpkg-query's status is 1 when it does not know a package, which is an answer here.
  { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^installed //p' |
    sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}

missing_rpm() {
  local name
  for name in "$@"; do rpm -q --quiet --whatprovides "$name" || echo "$name"; done
}

# install_packages GROUP...: installs what is missing of the groups; says nothing when nothing is.
install_packages() {
  local group list manager names=() missing
  if command -v apt-get >/dev/null; then manager=apt; elif command -v dnf >/dev/null; then manager=dnf; else
    echo "ci/dev: neither apt-get nor dnf is here; these packages are needed: see ci/packages.sh" >&2
    return 0
  fi
  for group in "$@"; do
    list="${manager}_${group}[@]"
    names+=("${!list}")
  done
  if [ "$manager" = apt ]; then missing=$(missing_debian "${names[@]}"); else missing=$(missing_rpm "${names[@]}"); fi
  [ -n "$missing" ] || return 0
  mapfile -t names <<<"$missing"
  if [ "$(id -u)" != 0 ]; then
    [ "$manager" = dnf ] || manager=apt-get
    echo "ci/dev: packages are missing; as root: $manager install ${names[*]}" >&2
    exit 1
  fi
  echo "==> installing ${#names[@]} packages: ${names[*]}"
  if [ "$manager" = apt ]; then install_debian "${names[@]}"; else dnf -y -q install "${names[@]}"; fi
}

install_debian() {
  local began=$SECONDS
  local options=(-y -qq -o Dpkg::Use-Pty=0 --no-install-recommends)
  export DEBIAN_FRONTEND=noninteractive
  # The lists may be old or absent: they are fetched only when the first try fails.
  if ! apt-get "${options[@]}" install "$@" >/dev/null 2>&1; then
    apt-get -qq update || echo "ci/dev: apt-get update failed, going on with the lists that are there" >&2
    apt-get "${options[@]}" install "$@" >/dev/null
  fi
  echo "    installed in $((SECONDS - began)) s"
}
