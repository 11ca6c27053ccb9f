// SPDX-License-Identifier: Apache-2.0
//
// Volumes, tmpfs and the root file system.
#include <elf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <thread>

#include "runtime/base/io.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"

using kata::CommandResult;
using kata::test::Docker;

namespace {

/// An ELF program of two pages, all alike but for one byte: exit_group(status).
std::string program_that_ends_with(unsigned char status) {
  constexpr std::uint64_t kAddress = 0x400000;
  const unsigned char code[] = {0xbf, status, 0, 0, 0, 0xb8, SYS_exit_group, 0, 0, 0, 0x0f, 0x05};
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_entry = kAddress + sizeof header + sizeof segment;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof segment;
  header.e_phnum = 1;
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = kAddress;
  segment.p_filesz = segment.p_memsz = sizeof header + sizeof segment + sizeof code;
  segment.p_align = 4096;
  std::string file(8192, '\0');
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
  std::memcpy(file.data() + sizeof header + sizeof segment, code, sizeof code);
  return file;
}

}  // namespace

TEST_CASE("folders and files of the host are mounted as told", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  kata::make_directories(folder.path() + "/rw");
  kata::make_directories(folder.path() + "/ro");
  kata::write_file(folder.path() + "/rw/from-host", "hello guest\n");
  kata::write_file(folder.path() + "/ro/fixed", "fixed\n");
  kata::write_file(folder.path() + "/single", "one file\n");
  const CommandResult result =
      docker.run({"-v", folder.path() + "/rw:/rw", "-v", folder.path() + "/ro:/ro:ro", "-v",
                  folder.path() + "/single:/etc/single", "busybox", "sh", "-c",
                  "cat /rw/from-host /ro/fixed /etc/single; echo hello host > /rw/from-guest; "
                  "chown 1000:50 /rw/from-guest; "
                  "chmod 640 /rw/from-guest; echo added >> /etc/single; echo no > /ro/fixed || "
                  "echo refused; ls -a /rw /ro"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::StartsWith("hello guest\nfixed\none file\nrefused\n"));
  CHECK_THAT(result.error_output, Catch::Contains("Read-only file system"));
  CHECK(kata::read_file(folder.path() + "/rw/from-guest") == "hello host\n");
  CHECK(kata::read_file(folder.path() + "/single") == "one file\nadded\n");
  CHECK(kata::read_file(folder.path() + "/ro/fixed") == "fixed\n");
  struct stat made {};
  REQUIRE(::stat((folder.path() + "/rw/from-guest").c_str(), &made) == 0);
  CHECK(made.st_uid == 1000);
  CHECK(made.st_gid == 50);
  CHECK((made.st_mode & 0777) == 0640);
}

TEST_CASE("what the host writes while the container runs is seen inside", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  const std::string id =
      docker.start({"-v", folder.path() + ":/shared", "busybox", "sleep", "1000"});
  kata::write_file(folder.path() + "/late", "late\n");
  CHECK(kata::test::eventually([&] {
    return docker({"exec", id, "cat", "/shared/late"}).output == "late\n";
  }));
}

TEST_CASE("a file that the guest has cached is read again once the host changed it", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  const std::string file = folder.path() + "/file";
  // Old enough for the guest to keep what it read from one open to the next.
  const struct timespec old[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
  const auto write_old = [&](const char* text) {
    kata::write_file(file, text);
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), old, 0) == 0);
  };
  write_old("first\n");
  const std::string id =
      docker.start({"-v", folder.path() + ":/shared", "busybox", "sleep", "1000"});
  const auto seen = [&] { return docker({"exec", id, "cat", "/shared/file"}).output; };
  CHECK(seen() == "first\n");
  CHECK(seen() == "first\n");
  write_old("other\n");  // same size, same mtime
  CHECK(seen() == "other\n");
  CHECK(seen() == "other\n");
  kata::write_file(file, "third\n");
  CHECK(seen() == "third\n");
  write_old("a longer text\n");
  CHECK(seen() == "a longer text\n");
}

TEST_CASE("programs that take each other's place in memory run as themselves", "[e2e]") {
  // Under emulation a page's translation outlives the page, if who fills it is not the emulator.
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  constexpr int kPrograms = 60;
  const struct timespec old[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
  for (int number = 1; number <= kPrograms; ++number) {
    const std::string path = folder.path() + "/" + std::to_string(number);
    kata::write_file(path, program_that_ends_with(static_cast<unsigned char>(number)), 0755);
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), old, 0) == 0);
  }
  const CommandResult result = docker.run(
      {"--privileged", "-v", folder.path() + ":/programs", "busybox", "sh", "-c",
       "one() { /programs/$1; s=$?; n=$((n+1)); [ $s = $1 ] || echo \"program $1 ended as $s\"; }\n"
       "for i in $(seq 1 60); do one $i; done\necho 1 >/proc/sys/vm/drop_caches\n"
       "for i in $(seq 60 -1 1); do one $i; done\necho $n programs"});
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(result.output == "120 programs\n");
}

TEST_CASE("files keep their capabilities and the attributes of users", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  const std::string program = folder.path() + "/probe";
  kata::write_file(program, kata::read_file(docker.setting("DATA") + "/bin/probe"), 0755);
  // cap_net_raw+ep, as setcap(8) writes it
  const vfs_cap_data raw{.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                         .data = {{.permitted = 1U << CAP_NET_RAW, .inheritable = 0}, {}}};
  REQUIRE(::setxattr(program.c_str(), "security.capability", &raw, sizeof raw, 0) == 0);
  const CommandResult result =
      docker.run({"-v", folder.path() + ":/v", "busybox", "sh", "-c",
                  "chmod 755 /v; su alice -c '/v/probe caps' | grep CapEff; cp /v/probe /v/copy; "
                  "/bin/probe attribute /v/copy user.note text; "
                  "/bin/probe attribute /bin/probe user.note own; "
                  "su alice -c '/v/copy caps' | grep CapEff; echo >> /v/probe"});
  INFO(result.error_output);
  CHECK(result.output == "CapEff=0000000000002000\nset\nset\nCapEff=0000000000000000\n");
  char note[16] = {};
  CHECK(::getxattr((folder.path() + "/copy").c_str(), "user.note", note, sizeof note) == 4);
  CHECK(std::string(note) == "text");
  // who writes to a program takes its rights away
  char rest[64] = {};
  CHECK(::getxattr(program.c_str(), "security.capability", rest, sizeof rest) == -1);
  CHECK(errno == ENODATA);
}

TEST_CASE("device files of the root file system are what the container may open", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"busybox", "sh", "-c",
                  "mknod /srv/null c 1 3 && echo lost > /srv/null && head -c 1 /srv/null | wc -c; "
                  "mknod /srv/disk b 252 0 && cat /srv/disk"});
  CHECK(result.output == "0\n");
  CHECK_THAT(result.error_output, Catch::Contains("/srv/disk': Operation not permitted"));
}

TEST_CASE("a named volume keeps its data from container to container", "[e2e]") {
  Docker docker;
  const std::string volume = docker.make_volume("kata-e2e-volume");
  CHECK(docker.run({"-v", volume + ":/data", "busybox", "sh", "-c", "echo kept > /data/file"})
            .status == 0);
  CHECK(docker.run({"-v", volume + ":/data", "busybox", "cat", "/data/file"}).output == "kept\n");
}

TEST_CASE("tmpfs has the size and the options it is given", "[e2e]") {
  Docker docker;
  const CommandResult result =
      docker.run({"--tmpfs", "/scratch:rw,noexec,size=4m,mode=1770", "busybox", "sh", "-c",
                  "grep ' /scratch ' /proc/mounts; stat -c %a /scratch; df -k /scratch | tail -1; "
                  "dd if=/dev/zero of=/scratch/big bs=1M count=8 2>/dev/null || echo full"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  INFO(result.output);
  CHECK_THAT(result.output, Catch::StartsWith("tmpfs /scratch tmpfs rw,"));
  CHECK_THAT(result.output, Catch::Contains("noexec"));
  CHECK_THAT(result.output, Catch::Contains("\n1770\n"));
  CHECK_THAT(result.output, Catch::Contains(" 4096 "));
  CHECK_THAT(result.output, Catch::Contains("full"));
}

TEST_CASE("/dev/shm has the size that --shm-size asks for", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"--shm-size", "8m", "busybox", "df", "-k", "/dev/shm"});
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains(" 8192 "));
}

TEST_CASE("a read-only container cannot write its root", "[e2e]") {
  Docker docker;
  const CommandResult result = docker.run({"--read-only", "--tmpfs", "/tmp", "busybox", "sh", "-c",
                                           "echo x > /tmp/x && cat /tmp/x; echo y > /y"});
  CHECK(result.status == 1);
  CHECK(result.output == "x\n");
  CHECK_THAT(result.error_output, Catch::Contains("Read-only file system"));
}

TEST_CASE("a program that watches a volume is told of what the host does to it", "[e2e]") {
  Docker docker;
  const kata::TempDir folder("/var/tmp");
  const std::string watched = folder.path() + "/watched";
  kata::make_directories(watched);
  kata::write_file(watched + "/kept", "1\n");
  kata::write_file(watched + "/removed", "1\n");
  kata::write_file(folder.path() + "/single", "1\n");
  const std::string id =
      docker.start({"-v", watched + ":/watched", "-v", folder.path() + "/single:/single:ro",
                    "busybox", "probe", "watch", "/watched", "/single"});
  const auto hears = [&](const std::string& line) {
    return kata::test::eventually([&] {
      return docker({"logs", id}).output.find(line + "\n") != std::string::npos;
    });
  };
  REQUIRE(hears("watching"));
  // until it is known that somebody watches, changes are nobody's
  int count = 1;
  REQUIRE(kata::test::eventually([&] {
    kata::write_file(folder.path() + "/single",
                     std::string(static_cast<std::size_t>(++count), 'x'));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return docker({"logs", id}).output.find("/single: modify\n") != std::string::npos;
  }));
  CHECK(hears("/single: close-write"));
  kata::write_file(watched + "/new", "1\n");
  CHECK(hears("/watched: create new"));
  CHECK(docker({"exec", id, "cat", "/watched/new"}).output == "1\n");
  kata::write_file(watched + "/new", "22\n");
  CHECK(hears("/watched: modify new"));
  CHECK(docker({"exec", id, "cat", "/watched/new"}).output == "22\n");
  kata::write_file_atomic(watched + "/kept", "333\n");
  CHECK(hears("/watched: moved-to kept"));
  CHECK(docker({"exec", id, "cat", "/watched/kept"}).output == "333\n");
  ::unlink((watched + "/removed").c_str());
  CHECK(hears("/watched: delete removed"));
  // what the guest does is told once, by its own kernel
  CHECK(docker({"exec", id, "sh", "-c", "echo g >/watched/own; sleep 3"}).status == 0);
  const std::string said = docker({"logs", id}).output;
  const std::size_t first = said.find("/watched: create own\n");
  REQUIRE(first != std::string::npos);
  CHECK(said.find("/watched: create own\n", first + 1) == std::string::npos);
  CHECK(said.find("/watched: moved-to own\n") == std::string::npos);
}
