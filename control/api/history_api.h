// HistoryApi: the versions that are still kept: GET /v1/history, GET /v1/history/{version} and GET /v1/diff. Reads
// only; what is compacted or was never reached is 404 and names the oldest that is kept. Control loop.
#pragma once
#include "control/api/answers.h"
#include "control/store/store.h"

namespace heddle {
class HistoryApi {
 public:
  explicit HistoryApi(const Store& store) : store_(store) {}
  RpcResponse list(const RpcRequest&) const;
  RpcResponse show(const RpcRequest&) const;
  RpcResponse diff(const RpcRequest&) const;

 private:
  Result<std::string> list_json(const RpcRequest&) const;
  Result<std::string> show_json(const RpcRequest&) const;
  Result<std::string> diff_json(const RpcRequest&) const;
  Result<View> view_at(Version) const;
  const Store& store_;
};
}  // namespace heddle
