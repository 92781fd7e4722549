#include "proxy/admin/listener_rows.h"

#include "lib/base/json_writer.h"

namespace heddle {

std::string listeners_json(const std::vector<ListenerRow>& rows) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("listeners").begin_array();
  for (const ListenerRow& row : rows) {
    out.begin_object().field("name", row.name).field("direction", row.direction).field("address", row.address);
    out.field("destination", row.destination).field("known", row.known).key("detections").begin_object();
    for (const auto& [result, count] : row.detections) out.field(result, count);
    out.end_object().end_object();
  }
  out.end_array().end_object();
  return text;
}
}  // namespace heddle
