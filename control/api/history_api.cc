#include "control/api/history_api.h"

#include "control/api/change_request.h"
#include "control/api/history_view.h"
#include "control/api/view_changes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
RpcResponse answer(Result<std::string> body) {
  return body ? RpcResponse::json(200, *std::move(body)) : error_answer(body.error());
}

Result<HistoryQuery> read_query(const RpcRequest& request) {
  HistoryQuery out;
  HEDDLE_TRY(out.resource, read_resource_param(request, "resource"));
  HEDDLE_TRY(std::optional<std::string> text, read_query_param(request, "limit"));
  if (!text) return out;
  std::optional<size_t> limit = parse_int<size_t>(*text);
  if (!limit || *limit == 0 || *limit > HistoryQuery::kMaxLimit) {
    return bad_request("limit: expected a number from 1 to 1000");
  }
  out.limit = *limit;
  return out;
}
}  // namespace

RpcResponse HistoryApi::list(const RpcRequest& request) const { return answer(list_json(request)); }
RpcResponse HistoryApi::show(const RpcRequest& request) const { return answer(show_json(request)); }
RpcResponse HistoryApi::diff(const RpcRequest& request) const { return answer(diff_json(request)); }

Result<std::string> HistoryApi::list_json(const RpcRequest& request) const {
  HEDDLE_TRY(HistoryQuery query, read_query(request));
  return history_json(store_.log(), query);
}

Result<std::string> HistoryApi::show_json(const RpcRequest& request) const {
  Result<Version> version = Version::parse(request.path_params.at("version"));
  if (!version) return bad_request("expected a version as \"1.42\"");
  HEDDLE_TRY(std::optional<ResourceKey> resource, read_resource_param(request, "resource"));
  HEDDLE_TRY(bool is_all, read_flag_param(request, "all"));
  if (is_all) {
    HEDDLE_TRY(View view, view_at(*version));
    return view_json(view, resource);
  }
  const Event* event = store_.log().find(*version);
  if (event == nullptr && store_.view_at(*version)) {
    return make_error(Reason::kNotFound,
                      str_cat("what made version ", version->text(), " is no longer kept; `--all` shows what it held"),
                      Origin::kDownstream);
  }
  if (event == nullptr) return no_such_version(store_.log(), *version);
  return event_json(*event, resource);
}

Result<std::string> HistoryApi::diff_json(const RpcRequest& request) const {
  HEDDLE_TRY(std::optional<Version> from, read_version_param(request, "from"));
  HEDDLE_TRY(std::optional<Version> to, read_version_param(request, "to"));
  if (!from) return bad_request("from: expected a version as \"1.42\"");
  HEDDLE_TRY(View before, view_at(*from));
  HEDDLE_TRY(View after, view_at(to.value_or(store_.version())));
  return between_json(before, after);
}

Result<View> HistoryApi::view_at(Version version) const {
  std::optional<View> view = store_.view_at(version);
  if (view) return *std::move(view);
  return no_such_version(store_.log(), version);
}
}  // namespace heddle
