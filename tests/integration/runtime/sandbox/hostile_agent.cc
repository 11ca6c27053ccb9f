// SPDX-License-Identifier: Apache-2.0
#include "hostile_agent.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "runtime/base/error.h"
#include "ttrpc.pb.h"

namespace kata::test {
namespace {

/// As write_all, but for a peer that may have gone: no signal, no Error.
bool send_bytes(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool waits_for_something(const std::string& method) {
  static const std::set<std::string> kWaiting = {"WaitProcess", "GetOOMEvent", "NextDnsQuery",
                                                 "ReadStdout", "ReadStderr"};
  return kWaiting.contains(method);
}

std::string answer_frame(std::uint32_t stream, const std::string& payload) {
  kata::ttrpc::Response envelope;
  envelope.set_payload(payload);
  return wire::encode_frame(stream, wire::FrameType::response, envelope.SerializeAsString());
}

std::string failure_frame(std::uint32_t stream, const std::string& message) {
  kata::ttrpc::Response envelope;
  envelope.mutable_status()->set_code(static_cast<int>(Code::unknown));
  envelope.mutable_status()->set_message(message);
  return wire::encode_frame(stream, wire::FrameType::response, envelope.SerializeAsString());
}

std::string attack_bytes(Attack attack, std::uint32_t stream, const std::string& good) {
  switch (attack) {
    case Attack::garbage:
      return "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(100000, '\x01');
    case Attack::huge_length:
      return std::string("\xff\xff\xff\xff\x00\x00\x00\x01\x02\x00", 10);
    case Attack::wrong_stream:
      return std::string("\x00\x00\x00\x00\x00\x00\x00\x02\x02\x00", 10);
    case Attack::no_envelope:
      return wire::encode_frame(stream, wire::FrameType::response, "\xff\xff\xff");
    case Attack::no_message:
      return answer_frame(stream, "\xff\xff\xff");
    case Attack::end_within_frame:
      return answer_frame(stream, std::string(100, 'x')).substr(0, 60);
    case Attack::twice:
      return good + good;
    case Attack::unasked: {
      std::string bytes;
      for (const std::uint32_t other : {stream + 1000, 0x7fffffffU, 0xffffffffU})
        bytes += answer_frame(other, "never asked for");
      return bytes + good;
    }
    case Attack::flood:
      return good;
    case Attack::silence:
    case Attack::end:
      break;
  }
  return {};
}

bool send_flood(int socket, std::uint32_t stream) {
  constexpr int kLarge = 16;
  constexpr int kSmall = 100000;
  const std::string large = wire::encode_frame(stream + 1000, wire::FrameType::response,
                                               std::string(wire::kMaxFramePayload, 'x'));
  bool sent = true;
  for (int i = 0; i < kLarge && sent; ++i) sent = send_bytes(socket, large);
  std::string small;
  for (int i = 0; i < kSmall; ++i)
    small += wire::encode_frame(stream + 1000, wire::FrameType::response, "");
  return sent && send_bytes(socket, small);
}

}  // namespace

std::string name_of(Attack attack) {
  switch (attack) {
    case Attack::silence:
      return "silence";
    case Attack::garbage:
      return "garbage";
    case Attack::huge_length:
      return "huge length";
    case Attack::wrong_stream:
      return "wrong stream";
    case Attack::no_envelope:
      return "no envelope";
    case Attack::no_message:
      return "no message";
    case Attack::end:
      return "end";
    case Attack::end_within_frame:
      return "end within the frame";
    case Attack::twice:
      return "twice";
    case Attack::unasked:
      return "unasked";
    case Attack::flood:
      return "flood";
  }
  return "?";
}

HostileAgent::HostileAgent(UniqueFd connection, std::map<std::string, Attack> attacks,
                           std::map<std::string, Answer> answers,
                           std::map<std::string, std::string> failures)
    : connection_(std::move(connection)),
      attacks_(std::move(attacks)),
      answers_(std::move(answers)),
      failures_(std::move(failures)),
      thread_([this] { serve(); }) {}

HostileAgent::~HostileAgent() {
  ::shutdown(connection_.get(), SHUT_RDWR);
  thread_.join();
}

int HostileAgent::calls(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

void HostileAgent::serve() {
  wire::FrameParser parser;
  std::string buffer(65536, '\0');
  for (;;) {
    while (const std::optional<wire::Frame> frame = parser.next()) {
      if (!respond(*frame)) {
        ::shutdown(connection_.get(), SHUT_RDWR);
        return;
      }
    }
    const ssize_t size = ::read(connection_.get(), buffer.data(), buffer.size());
    if (size <= 0) return;
    parser.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
  }
}

bool HostileAgent::respond(const wire::Frame& frame) {
  kata::ttrpc::Request request;
  if (!request.ParseFromString(frame.payload)) return false;
  const std::string& method = request.method();
  int count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = ++calls_[method];
  }
  std::optional<std::string> payload = std::string();
  if (const auto answer = answers_.find(method); answer != answers_.end()) {
    payload = answer->second(count);
  } else if (waits_for_something(method)) {
    payload.reset();
  }
  if (const auto failure = failures_.find(method); failure != failures_.end())
    return send_bytes(connection_.get(), failure_frame(frame.stream_id, failure->second));
  if (const auto attack = attacks_.find(method); attack != attacks_.end()) {
    if (attack->second == Attack::flood && !send_flood(connection_.get(), frame.stream_id))
      return false;
    const std::string good = answer_frame(frame.stream_id, payload.value_or(""));
    const std::string bytes = attack_bytes(attack->second, frame.stream_id, good);
    return send_bytes(connection_.get(), bytes) && attack->second != Attack::end &&
           attack->second != Attack::end_within_frame;
  }
  return !payload || send_bytes(connection_.get(), answer_frame(frame.stream_id, *payload));
}

}  // namespace kata::test
