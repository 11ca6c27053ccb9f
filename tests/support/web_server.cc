// SPDX-License-Identifier: Apache-2.0
#include "tests/support/web_server.h"

#include <poll.h>
#include <unistd.h>

#include "runtime/base/error.h"

namespace kata::test {

WebServer::WebServer(const std::string& folder, int port) {
  Pipe pipe = make_pipe();
  output_ = std::move(pipe.read);
  Command command;
  command.argv = {"python3",   "-u",          "-m",   "http.server",       "--bind",
                  "127.0.0.1", "--directory", folder, std::to_string(port)};
  command.fds = {{1, pipe.write.get()}};
  process_ = spawn(command);
  pipe.write.reset();
  std::string line;
  while (line.find(" port ") == std::string::npos || line.find(" (") == std::string::npos) {
    struct pollfd wait = {.fd = output_.get(), .events = POLLIN, .revents = 0};
    char buffer[200];
    const ssize_t count = ::poll(&wait, 1, 10000) == 1 ? ::read(output_.get(), buffer, 200) : 0;
    if (count <= 0) throw_error(Code::unavailable, "start a web server: it said \"{}\"", line);
    line.append(buffer, static_cast<std::size_t>(count));
  }
  const std::size_t at = line.find(" port ") + 6;
  url_ = "http://127.0.0.1:" + line.substr(at, line.find(' ', at) - at);
}

}  // namespace kata::test
