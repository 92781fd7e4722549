#include "proxy/admin/filter_view.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string view_of(std::string_view filters) {
  auto snapshot = snapshot_of(
      str_cat(service_yaml("a"),
              "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: ",
              "[{group: '', kind: Service, name: a}], rules: [{filters: [", filters,
              "], backendRefs: [{group: heddle.dev, kind: BackendSet, name: a}]}]}}"));
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  write_filters(writer, snapshot->routes()[0]->rules[0].spec());
  writer.end_object();
  return out;
}

TEST(FilterView, ShowsMirrorsBesideOtherFilters) {
  EXPECT_EQ(
      view_of("{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}, percent: 5}}, {type: "
              "RequestHeaderModifier, requestHeaderModifier: {set: [{name: authorization, value: secret}]}}"),
      R"({"filters":[{"type":"RequestHeaderModifier","requestHeaderModifier":{"set":[{"name":"authorization",)"
      R"("value":"[redacted]"}]}},{"type":"RequestMirror","requestMirror":{"backendRef":{"group":"",)"
      R"("kind":"Service","namespace":"default","name":"a","port":80},"fraction":{"numerator":5,"denominator":100}}}]})");
}

TEST(FilterView, ShowsNothingWhereThereIsNone) { EXPECT_EQ(view_of(""), "{}"); }
}  // namespace
}  // namespace heddle
