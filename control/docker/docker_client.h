// DockerClient: questions to a Docker Engine's API, over its Unix socket or over plain TCP to a filtering proxy.
// Asks by GET alone: nothing of the engine is ever changed. The version is the oldest that engine and we have in
// common, so that answers look the same everywhere. Control loop; must outlive its tokens.
#pragma once
#include "control/docker/docker_host.h"
#include "lib/base/json.h"

namespace heddle {
// The version to ask in, of the answer of GET /version: v1.41, or the oldest that a newer engine still speaks.
// kUnsupported: the engine is older.
Result<std::string> docker_api_version(const JsonValue& version);
// The document of an answer; "No such container: x" and others as kUnavailable, with the engine's words.
Result<JsonValue> docker_document(const Result<RpcResponse>&);

class DockerClient {
 public:
  static constexpr Duration kDeadline = 10s;
  static constexpr size_t kMaxAnswer = 64 << 20;
  static constexpr size_t kMaxEvent = 1 << 20;
  DockerClient(const SessionContext&, Protocols&, Connector& below, DockerHost);

  // A name is looked up, if it has to be; before anything is asked. `done` runs once, from the loop.
  [[nodiscard]] Pending find(UniqueFunction<void(Result<void>)> done);
  [[nodiscard]] Pending get(std::string path, std::string query, HttpClient::OnResponse done);
  // A long answer; as HttpClient::read_lines().
  [[nodiscard]] Pending read_lines(std::string path, std::string query, LineObserver&, HttpClient::OnResponse opened);
  // After a failure: over a new connection, and the name may have another address.
  void forget();

 private:
  static RpcRequest request(std::string path, std::string query);
  NameLookup names_;
  std::optional<HttpChannel> channel_;  // over TCP
  HttpChannel::Client http_;
  Loop& loop_;
};
}  // namespace heddle
