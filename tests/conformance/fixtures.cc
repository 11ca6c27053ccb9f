// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/fixtures.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/support/eventually.h"

namespace kata::conformance {
namespace {

/// Makes a value once, and remembers when that has failed: another try would cost as long again.
template <typename Value>
const Value& once(std::optional<Value>& value, std::exception_ptr& failure, Value (*make)()) {
  if (failure) std::rethrow_exception(failure);
  if (!value) {
    try {
      value = make();
    } catch (...) {
      failure = std::current_exception();
      throw;
    }
  }
  return *value;
}

Json bind(const std::string& source, const char* destination, std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", "bind"},
          {"source", source},
          {"options", std::move(options)}};
}

Json tmpfs(const char* destination, std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", "tmpfs"},
          {"source", "tmpfs"},
          {"options", std::move(options)}};
}

std::string call_of(long number, const std::string& arguments) {
  return fmt::format("call:{}{}", number, arguments);
}

std::vector<std::string> full_queries() {
  return {"stat:/dev/null",
          "stat:/dev/zero",
          "stat:/dev/full",
          "stat:/dev/random",
          "stat:/dev/urandom",
          "stat:/dev/tty",
          "stat:/dev/ptmx",
          "stat:/dev/fd",
          "stat:/dev/stdin",
          "stat:/dev/stdout",
          "stat:/dev/stderr",
          "stat:/dev/console",
          "stat:/dev/conf-zero",
          "stat:/srv/conf-fifo",
          "read:/dev/conf-zero",
          "open:/dev/conf-allowed",
          "open:/dev/conf-denied",
          "open:/dev/null",
          "read:/proc/kcore",
          "read:/masked-file",
          "list:/masked-dir",
          "write:/proc/sys/kernel/domainname",
          "create:/ro-dir/new",
          "create:/ordinary",
          "create:/data-rw/made-inside",
          "create:/data-ro/new",
          "read:/data-ro/from-host",
          "read:/relative/from-host",
          "stat:/m",
          "create:/m/inner/new",
          "stat:/m/inner/file",
          "create:/m-ro/new",
          "list:/proc",
          "read:/proc/sys/net/ipv4/ip_forward",
          "read:/proc/sys/net/core/somaxconn",
          "read:/proc/sys/kernel/msgmax",
          "read:/sys/fs/cgroup/memory.max",
          "read:/sys/fs/cgroup/memory/memory.limit_in_bytes",
          "read:/sys/fs/cgroup/memory.low",
          "read:/sys/fs/cgroup/memory/memory.soft_limit_in_bytes",
          "read:/sys/fs/cgroup/pids.max",
          "read:/sys/fs/cgroup/pids/pids.max",
          "read:/sys/fs/cgroup/cpu.max",
          "read:/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
          "read:/sys/fs/cgroup/cpu/cpu.cfs_period_us",
          "read:/sys/fs/cgroup/cpu.weight",
          "read:/sys/fs/cgroup/cpu/cpu.shares",
          call_of(SYS_getpriority, ":0:0"),
          call_of(SYS_setpriority, ":0:0:0"),
          call_of(SYS_dup, ":77"),
          call_of(SYS_dup, ":78")};
}

Json hook(const Bundle& bundle, const std::string& name, const std::string& program,
          const std::string& log) {
  return {{"path", program},
          {"args", {"the-hook", "hook", log, name}},
          {"env", {"HOOK=" + name, "BUNDLE=" + bundle.path()}}};
}

void add_hooks(Bundle& bundle) {
  const std::string program = bundle.rootfs() + "/bin/conformance-probe";
  const std::string log = bundle.path() + "/data/hooks";
  for (const char* kind :
       {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
    for (const char* which : {"1", "2"}) {
      // Where createContainer hooks cannot run, the others still can be judged.
      if (kind == std::string("createContainer")) continue;
      bundle.config["hooks"][kind].push_back(hook(bundle, kind + std::string(which), program, log));
    }
  }
  bundle.config["hooks"]["startContainer"].push_back(
      hook(bundle, "startContainer1", "/bin/conformance-probe", "/data-rw/hooks"));
}

void fill_root(const Bundle& bundle) {
  make_directories(bundle.rootfs() + "/opt/deep");
  make_directories(bundle.rootfs() + "/masked-dir");
  make_directories(bundle.rootfs() + "/ro-dir");
  make_directories(bundle.rootfs() + "/srv");
  write_file(bundle.rootfs() + "/masked-file", "visible");
  write_file(bundle.rootfs() + "/masked-dir/visible", "visible");
  make_directories(bundle.path() + "/data");
  write_file(bundle.path() + "/data/from-host", "hello");
}

void configure_process(Json& process) {
  process["user"] = {{"uid", 0}, {"gid", 7}, {"additionalGids", {10, 4242}}, {"umask", 027}};
  process["env"] = {"PATH=/bin", "EMPTY=", "WORDS=two words = more"};
  process["cwd"] = "/opt/deep";
  process["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 512}, {"hard", 1024}},
                        {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}};
  process["oomScoreAdj"] = 100;
  process["noNewPrivileges"] = true;
  process["capabilities"]["inheritable"] = Json::array({"CAP_KILL"});
  process["capabilities"]["ambient"] = Json::array({"CAP_KILL"});
}

void configure_mounts(const Bundle& bundle, Json& mounts) {
  const std::string data = bundle.path() + "/data";
  mounts.push_back(tmpfs("/m", {"nosuid", "nodev", "mode=0711", "size=1m"}));
  mounts.push_back(tmpfs("/m/inner", {"noexec"}));
  mounts.push_back(bind(data + "/from-host", "/m/inner/file", {"bind"}));
  mounts.push_back(tmpfs("/m-ro", {"ro"}));
  mounts.push_back(bind(data, "/data-rw", {"rbind", "rw"}));
  mounts.push_back(bind(data, "/data-ro", {"bind", "ro", "nosuid"}));
  mounts.push_back(bind("data", "/relative", {"bind"}));
  mounts.push_back({{"destination", "/sys/fs/cgroup"},
                    {"type", "cgroup"},
                    {"source", "cgroup"},
                    {"options", {"nosuid", "noexec", "nodev", "ro"}}});
}

Json seccomp() {
  Json filter = {{"defaultAction", "SCMP_ACT_ALLOW"},
                 {"architectures", Json::array({"SCMP_ARCH_X86_64"})}};
  filter["syscalls"].push_back(
      {{"names", Json::array({"getpriority"})}, {"action", "SCMP_ACT_ERRNO"}});
  filter["syscalls"].push_back(
      {{"names", Json::array({"setpriority"})}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}});
  Json argument = {{"index", 0}, {"value", 77}, {"op", "SCMP_CMP_EQ"}};
  filter["syscalls"].push_back({{"names", Json::array({"dup"})},
                                {"action", "SCMP_ACT_ERRNO"},
                                {"errnoRet", 95},
                                {"args", Json::array({argument})}});
  return filter;
}

void configure_linux(const std::string& id, Json& part) {
  part["sysctl"] = {
      {"net.ipv4.ip_forward", "1"}, {"net.core.somaxconn", "256"}, {"kernel.msgmax", "9000"}};
  part["devices"].push_back({{"path", "/dev/conf-zero"},
                             {"type", "c"},
                             {"major", 1},
                             {"minor", 5},
                             {"fileMode", 0644},
                             {"uid", 11},
                             {"gid", 12}});
  // No driver has these numbers: what the rules allow is ENXIO, what they deny EPERM.
  part["devices"].push_back(
      {{"path", "/dev/conf-denied"}, {"type", "c"}, {"major", 240}, {"minor", 7}});
  part["devices"].push_back(
      {{"path", "/dev/conf-allowed"}, {"type", "c"}, {"major", 240}, {"minor", 8}});
  part["devices"].push_back({{"path", "/srv/conf-fifo"}, {"type", "p"}, {"fileMode", 0600}});
  part["cgroupsPath"] = "/kata-conformance/" + id;
  part["resources"] = {{"memory", {{"limit", 64 << 20}, {"reservation", 32 << 20}}},
                       {"cpu", {{"shares", 512}, {"quota", 50000}, {"period", 100000}}},
                       {"pids", {{"limit", 50}}}};
  Json& rules = part["resources"]["devices"];
  rules.push_back({{"allow", false}, {"access", "rwm"}});
  const auto rule = [&](bool allow, int minor) {
    rules.push_back(
        {{"allow", allow}, {"type", "c"}, {"major", 240}, {"minor", minor}, {"access", "rw"}});
  };
  rule(true, 7);
  rule(false, 7);
  rule(false, 8);
  rule(true, 8);
  rules.push_back({{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"access", "rwm"}});
  part["seccomp"] = seccomp();
  part["maskedPaths"] = {"/proc/kcore", "/masked-file", "/masked-dir", "/no/such/path"};
  part["readonlyPaths"] = {"/proc/sys", "/ro-dir", "/no/such/path"};
  part["rootfsPropagation"] = "private";
  part["namespaces"].push_back({{"type", "cgroup"}});
}

Json lines_of(const std::string& path) {
  Json lines = Json::array();
  std::istringstream text(read_file_if_exists(path).value_or(""));
  for (std::string line; std::getline(text, line);) lines.push_back(parse_json(line, path));
  return lines;
}

Full make_full() {
  Bundle bundle(probe(full_queries()));
  Full result;
  result.id = "conformance-full-" + std::to_string(::getpid());
  fill_root(bundle);
  configure_process(bundle.config["process"]);
  configure_mounts(bundle, bundle.config["mounts"]);
  configure_linux(result.id, bundle.config["linux"]);
  add_hooks(bundle);
  bundle.config["hostname"] = "conformance-host";
  bundle.config["domainname"] = "conformance.example";
  bundle.config["annotations"] = {{"org.example.color", "blue"}, {"org.example.empty", ""}};
  bundle.config["noSuchField"] = {{"of", "the specification"}};
  bundle.config["linux"]["noSuchField"] = 1;
  Container container(bundle, result.id);
  const CommandResult created = container.create();
  if (created.status != 0) {
    throw_error(Code::internal, "create: {}{}", created.output, created.error_output);
  }
  result.created = container.state();
  const CommandResult started = container.start();
  if (started.status != 0) throw_error(Code::internal, "start: {}", started.error_output);
  if (!container.wait_for("stopped")) throw_error(Code::deadline_exceeded, "it does not end");
  result.stopped = container.state();
  if (const CommandResult removed = container.remove(); removed.status != 0) {
    throw_error(Code::internal, "delete: {}", removed.error_output);
  }
  if (container.output().empty()) throw_error(Code::internal, "no output: {}", container.errors());
  result.facts = parse_json(container.output(), "the probe's output");
  result.hooks = lines_of(bundle.path() + "/data/hooks");
  result.bundle = bundle.path();
  result.host_data = path_exists(bundle.path() + "/data/made-inside") ? "made" : "";
  return result;
}

Json make_plain() {
  Bundle bundle({"conformance-probe", "create:/new", "create:/tmp/new", "stat:/dev/null",
                 "open:/dev/null", "read:/dev/zero", "stat:/dev/ptmx", "stat:/dev/console",
                 "list:/proc", "stat:/proc/self/exe", "read:/from-before"});
  Json& process = bundle.config["process"];
  process["user"] = {{"uid", 1000}, {"gid", 1001}};
  process.erase("capabilities");
  process.erase("terminal");
  bundle.config["root"] = {{"path", bundle.rootfs()}, {"readonly", true}};
  return probed(bundle);
}

/// Writes down each step of one container.
class Recorder {
 public:
  explicit Recorder(Container& container) : container_(container) {}
  void operator()(const std::string& step, CommandResult result) {
    life.states[step] = container_.state();
    life.calls[step] = std::move(result);
  }
  Life life;

 private:
  Container& container_;
};

std::size_t count(const std::string& text, const std::string& wanted) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string::npos; ++at) ++found;
  return found;
}

void exec_steps(Container& container, const std::string& folder, Recorder& record) {
  const auto exec = [&](const std::string& step, std::vector<std::string> options,
                        const std::vector<std::string>& words) {
    record(step, container.call("exec", std::move(options), words));
  };
  exec("exec", {}, {"sh", "-c", "echo out; echo err >&2; exit 23"});
  exec("exec facts",
       {"--user", "1000:50", "--cwd", "/tmp", "--env", "ONE=1", "--env", "TWO=2", "--cap",
        "CAP_KILL", "--additional-gids", "77", "--no-new-privs"},
       {"conformance-probe", "list:/proc"});
  exec("exec missing", {}, {"/no/such/program"});
  exec("exec tty", {"--tty"}, {"conformance-probe"});
  exec("exec dashes", {}, {"echo", "--user", "-t"});
  write_file(folder + "/process.json", Json{{"args", {"conformance-probe"}},
                                            {"cwd", "/bin"},
                                            {"env", {"PATH=/bin", "FROM=file"}},
                                            {"user", {{"uid", 5}, {"gid", 6}}}}
                                           .dump());
  exec("exec process", {"--process", folder + "/process.json"}, {});
  exec("exec detach", {"--detach", "--pid-file", folder + "/exec.pid"},
       {"sh", "-c", "echo detached > /tmp/detached; exec sleep 1000"});
  record.life.notes["exec pid"] = read_file_if_exists(folder + "/exec.pid").value_or("");
  test::eventually([&] {
    return container.call("exec", {}, {"cat", "/tmp/detached"}).output == "detached\n";
  });
  exec("exec detached", {}, {"cat", "/tmp/detached"});
}

Life make_life() {
  Bundle bundle({"sh", "-c",
                 "trap 'echo got-term' TERM; trap 'exit 9' USR1; echo started; "
                 "while :; do sleep 0.1; done"});
  const std::string own = bundle.path();
  make_directories(own + "/data");
  write_file(own + "/data/keep", "kept");
  bundle.config["mounts"].push_back(bind(own + "/data", "/data", {"rbind"}));
  bundle.config["mounts"].push_back({{"destination", "/sys/fs/cgroup"},
                                     {"type", "cgroup"},
                                     {"source", "cgroup"},
                                     {"options", {"nosuid", "noexec", "nodev", "ro"}}});
  bundle.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  Container container(bundle, "conformance-life-" + std::to_string(::getpid()));
  Recorder record(container);
  Life& result = record.life;

  record("nobody: start", container.start());
  record("nobody: kill", container.call("kill", {}, {"TERM"}));
  record("nobody: delete", container.remove());
  record("create", container.create({"--pid-file", own + "/pid"}));
  if (result.status("create") != 0) throw_error(Code::internal, "create: {}", container.errors());
  result.notes["id"] = container.id();
  result.notes["bundle"] = own;
  result.notes["pid file"] = read_file_if_exists(own + "/pid").value_or("");
  result.notes["pid is alive"] =
      path_exists("/proc/" + result.notes["pid file"] + "/stat") ? "yes" : "no";
  result.notes["output of created"] = container.output();
  record("create again", runtime({"create", "--bundle", own, container.id()}));
  record("list created", runtime({"list"}));

  record("created: exec", container.call("exec", {}, {"sh", "-c", "echo early; exit 7"}));
  record("created: ps", container.call("ps"));
  record("created: pause", container.call("pause"));
  record("created: start paused", container.start());
  record("created: resume", container.call("resume"));

  Json changed = bundle.config;
  changed["process"]["args"] = {"sh", "-c", "echo changed; sleep 1000"};
  changed["process"]["cwd"] = "/tmp";
  write_file(own + "/config.json", changed.dump());
  record("start", container.start());
  test::eventually([&] { return container.output().find('\n') != std::string::npos; });
  result.notes["output of started"] = container.output();
  bundle.write();

  record("start again", container.start());
  record("delete running", container.remove());
  record("kill TERM", container.call("kill", {}, {"TERM"}));
  test::eventually([&] { return container.output().find("got-term") != std::string::npos; });
  record("kill 15", container.call("kill", {}, {"15"}));
  test::eventually([&] { return count(container.output(), "got-term") == 2; });
  record("kill default", container.call("kill"));
  test::eventually([&] { return count(container.output(), "got-term") == 3; });
  record("kill unknown", container.call("kill", {}, {"NOSUCH"}));
  result.notes["output of killed"] = container.output();

  exec_steps(container, own, record);
  record("ps", container.call("ps"));
  record("ps json", container.call("ps", {"--format", "json"}));
  record("ps columns", container.call("ps", {}, {"-o", "pid,args"}));
  record("ps unknown column", container.call("ps", {}, {"-o", "pid,nosuch"}));
  record("ps wrong", container.call("ps", {"--format", "xml"}));
  record("list", runtime({"list"}));
  record("list json", runtime({"list", "--format", "json"}));
  record("list quiet", runtime({"list", "--quiet"}));
  record("events", container.call("events", {"--stats"}));
  record("update", container.call("update", {"--pids-limit", "77"}));
  record("updated", container.call("exec", {},
                                   {"conformance-probe", "read:/sys/fs/cgroup/pids.max",
                                    "read:/sys/fs/cgroup/pids/pids.max"}));
  record("pause", container.call("pause"));
  record("pause again", container.call("pause"));
  record("exec paused", container.call("exec", {}, {"true"}));
  record("resume", container.call("resume"));
  record("resume again", container.call("resume"));

  record("kill USR1", container.call("kill", {}, {"USR1"}));
  result.notes["stops"] = container.wait_for("stopped") ? "yes" : "no";
  record("stopped: start", container.start());
  record("stopped: kill", container.call("kill", {}, {"TERM"}));
  record("stopped: kill all", container.call("kill", {"--all"}, {"TERM"}));
  record("stopped: exec", container.call("exec", {}, {"true"}));
  record("stopped: pause", container.call("pause"));
  record("stopped: resume", container.call("resume"));
  record("delete", container.remove());
  record("delete again", container.remove());
  record("delete --force of nobody", container.call("delete", {"--force"}));
  result.notes["kept"] = read_file_if_exists(own + "/data/keep").value_or("");
  result.notes["root"] = path_exists(setting("KATA_CONFORMANCE_FOLDER") + "/root/" + container.id())
                             ? "there"
                             : "gone";
  record("same id", runtime({"create", "--bundle", own, container.id()}));
  record("created: delete", container.remove());
  return record.life;
}

}  // namespace

const Full& full() {
  static std::optional<Full> value;
  static std::exception_ptr failure;
  return once(value, failure, make_full);
}

const Json& full_answer(const std::string& query) {
  static const Json nothing;
  const Json& answers = full().facts.at("answers");
  const auto found = answers.find(query);
  return found == answers.end() ? nothing : *found;
}

Json mount_at(const Json& facts, const std::string& point) {
  Json found;
  for (const Json& mount : facts.at("mounts")) {
    if (mount.at("point") == point) found = mount;
  }
  return found;
}

const Json& plain() {
  static std::optional<Json> value;
  static std::exception_ptr failure;
  return once(value, failure, make_plain);
}

const Life& life() {
  static std::optional<Life> value;
  static std::exception_ptr failure;
  return once(value, failure, make_life);
}

}  // namespace kata::conformance
