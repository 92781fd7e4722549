// The lines by which the control plane that leads tells the others of the mesh (docs/watch-protocol.md, "Between
// control planes"): JSON, from the server to the client only.
//   {"state"|"change":{"version","author","message","time","bytes"}}   then the body: {"part":"<base64>"}...
//   {"heartbeat":{}}
// "state" is everything there is, "change" one version more. Pure.
#pragma once
#include "control/store/journal.h"

namespace heddle {
inline constexpr std::string_view kMeshFeedPath = "/v1/replicas/mesh";
inline constexpr size_t kMeshPart = 256 << 10;     // bytes of the body in one line, before base64
inline constexpr size_t kMaxMeshLine = 1 << 20;    // of a line
inline constexpr size_t kMaxMeshBody = 256 << 20;  // of a state
inline constexpr Duration kMeshHeartbeat = 2s;

std::vector<std::string> encode_mesh_state(const View&);
std::vector<std::string> encode_mesh_change(const Event&);
std::string encode_mesh_heartbeat();

struct MeshUpdate {
  bool is_state = false;
  Version version;
  ChangeNote note;
  std::vector<ForeignEvent::Put> puts;
};

// Puts the lines of one stream together.
class MeshReader {
 public:
  // What is whole now; nothing: more is to come. kUpstreamProtocolError.
  Result<std::optional<MeshUpdate>> on_line(std::string_view line);

 private:
  Result<void> begin(bool is_state, const JsonValue&);
  Result<std::optional<MeshUpdate>> end();
  std::optional<MeshUpdate> update_;
  size_t bytes_ = 0;
  std::string body_;
};
}  // namespace heddle
