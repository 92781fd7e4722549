#include "tests/support/h2_rig.h"

namespace heddle::h2 {
std::string text_of(const HeaderMap& map) {
  std::string out;
  for (size_t i = 0; i < map.size(); ++i) {
    out += "[" + std::string(map.at(i).name) + ": " + std::string(map.at(i).value) + "]";
  }
  return out;
}
std::string text_of(const RequestHead& head) {
  std::string out = std::string(head.method()) + " " + std::string(head.scheme()) + " " +
                    std::string(head.authority()) + " " + std::string(head.path());
  if (!head.protocol().empty()) out += " protocol=" + std::string(head.protocol());
  if (head.content_length) out += " length=" + std::to_string(*head.content_length);
  return out + text_of(head.fields());
}
std::string text_of(const ResponseHead& head) {
  std::string out = std::to_string(head.status);
  if (head.content_length) out += " length=" + std::to_string(*head.content_length);
  return out + text_of(head.fields());
}

void CodecLog::data(StreamId id, const Buffer& data, bool end) {
  received[id.value()] += data.size();
  if (keep_bodies) bodies[id.value()] += data.to_string();
  if (keep_bodies && !data.empty()) add(id, "data " + std::to_string(data.size()));
  if (end) add(id, "end");
}
size_t CodecLog::count(const std::string& part) const {
  size_t n = 0;
  for (const std::string& line : lines) n += line.find(part) != std::string::npos ? 1 : 0;
  return n;
}
std::string CodecLog::all() const {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

RequestHead WorkerRig::request(std::string_view method, std::string_view path) {
  RequestHead head(pool);
  bool ok = head.set_method(method) && head.set_scheme("http") && head.set_authority("a.test") && head.set_path(path);
  if (!ok) std::abort();
  return head;
}
HeaderMap WorkerRig::map(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  HeaderMap out(pool);
  for (auto [name, value] : fields) {
    if (!out.add(name, value)) std::abort();
  }
  return out;
}

Http2ServerCodec& Pair::server() {
  if (!server_) server_ = std::make_unique<Http2ServerCodec>(worker(), limits, server_log);
  return *server_;
}
Http2ClientCodec& Pair::client() {
  if (!client_) client_ = std::make_unique<Http2ClientCodec>(worker(), limits, client_log);
  return *client_;
}
bool Pair::step(size_t budget) {
  size_t moved = client().produce(to_server, budget) + server().produce(to_client, budget);
  size_t before = to_server.size() + to_client.size();
  failed |= !server().receive(to_server) || !client().receive(to_client);
  return moved + (before - to_server.size() - to_client.size()) > 0;
}
void Pair::pump(size_t budget) {
  for (int i = 0; i < 100000 && step(budget); ++i) continue;
}
}  // namespace heddle::h2
