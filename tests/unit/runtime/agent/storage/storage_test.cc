// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/storage/storage.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "agent.pb.h"
#include "runtime/agent/storage/block_device.h"
#include "runtime/agent/storage/copy_file.h"
#include "runtime/agent/storage/mount_options.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

TEST_CASE("mount options become flags and data", "[storage]") {
  const MountOptions options =
      parse_mount_options({"ro", "nosuid", "trans=virtio", "rw", "nodev", "", "msize=8192"});
  CHECK(options.flags == (MS_NOSUID | MS_NODEV));
  CHECK(options.data == "trans=virtio,msize=8192");
  CHECK(parse_mount_options({"rbind"}).flags == (MS_BIND | MS_REC));
  CHECK_THROWS_AS(parse_mount_options({std::string(5000, 'x')}), Error);
}

TEST_CASE("mount points outside the allowed folder are refused", "[storage]") {
  const TempDir root;
  StorageTable table(root.path());
  grpc::Storage storage;
  storage.set_driver("local");
  const std::string path = GENERATE("", "relative", "/etc/x", "/../x");
  storage.set_mount_point(path);
  CHECK_THROWS_AS(table.add(storage), Error);
  storage.set_mount_point(root.path());
  CHECK_THROWS_AS(table.add(storage), Error);
  storage.set_mount_point(root.path() + "/a/../../x");
  CHECK_THROWS_AS(table.add(storage), Error);
}

TEST_CASE("a local volume stays until its last user has gone", "[storage]") {
  const TempDir root;
  StorageTable table(root.path());
  grpc::Storage storage;
  storage.set_driver("local");
  storage.set_mount_point(root.path() + "/volumes/v1");
  storage.add_options("mode=0777");
  table.add(storage);
  table.add(storage);
  struct stat status {};
  REQUIRE(::stat(storage.mount_point().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0777);
  table.release(storage.mount_point());
  CHECK(path_exists(storage.mount_point()));
  table.release(storage.mount_point());
  CHECK_FALSE(path_exists(storage.mount_point()));
}

TEST_CASE("an unknown driver is named", "[storage]") {
  const TempDir root;
  StorageTable table(root.path());
  grpc::Storage storage;
  storage.set_driver("floppy");
  storage.set_mount_point(root.path() + "/x");
  try {
    table.add(storage);
    FAIL("it was mounted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("floppy") != std::string::npos);
  }
}

TEST_CASE("disks are found by path, serial number and PCI slots", "[storage]") {
  const TempDir root;
  const std::string device =
      root.path() + "/sys/devices/pci0000:00/0000:00:02.0/0000:01:03.0/virtio4/block/vdb";
  make_directories(device);
  write_file(device + "/serial", "disk-7\n");
  make_directories(root.path() + "/sys/block");
  std::filesystem::create_symlink(
      "../devices/pci0000:00/0000:00:02.0/0000:01:03.0/virtio4/block/vdb",
      root.path() + "/sys/block/vdb");
  make_directories(root.path() + "/dev");
  write_file(root.path() + "/dev/vdb", "");
  CHECK(find_block_device("/dev/vdb", root.path()) == "/dev/vdb");
  CHECK(find_block_device("serial:disk-7", root.path()) == "/dev/vdb");
  CHECK(find_block_device("02/03", root.path()) == "/dev/vdb");
  for (const char* wrong :
       {"/dev/vdc", "serial:disk-8", "03/02", "/dev/../etc/passwd", "", "hello"}) {
    CHECK_THROWS_AS(find_block_device(wrong, root.path()), Error);
  }
}

TEST_CASE("a copied file appears whole, and no link leads it elsewhere", "[storage]") {
  const TempDir root;
  const TempDir elsewhere;
  grpc::CopyFileRequest request;
  request.set_path(root.path() + "/a/b/file");
  request.set_file_mode(S_IFREG | 0640);
  request.set_file_size(6);
  request.set_uid(static_cast<int>(::geteuid()));
  request.set_gid(static_cast<int>(::getegid()));
  request.set_data("abc");
  copy_file(request, root.path());
  CHECK_FALSE(path_exists(root.path() + "/a/b/file"));
  request.set_offset(3);
  request.set_data("def");
  copy_file(request, root.path());
  CHECK(read_file(root.path() + "/a/b/file") == "abcdef");
  std::filesystem::create_symlink(elsewhere.path(), root.path() + "/link");
  request.set_path(root.path() + "/link/file");
  request.set_offset(0);
  CHECK_THROWS_AS(copy_file(request, root.path()), Error);
  CHECK(std::filesystem::is_empty(elsewhere.path()));
}
