// RequestMirror through a whole proxy: what the mirror gets, and that nothing it does is noticed by who asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;
constexpr size_t kHuge = 64 * 1024 * 1024;  // much more than all the kernel's buffers on the way

// What an application was sent, connection after connection.
class Received {
 public:
  void add(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    text_.append(bytes);
  }
  std::string text() {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

// Service hello: BackendSet hello answers, BackendSet shadow is the mirror.
class MirrorTest : public MeshFixture {
 protected:
  // The scripts of the origins use what is below: they end first.
  ~MirrorTest() override {
    if (go_.get_future().wait_for(0s) != std::future_status::ready) go_.set_value();
    origins_.clear();
  }
  static std::string set(std::string_view name, const std::vector<Address>& endpoints) {
    std::string out = str_cat("apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: ", name,
                              "}\nspec:\n  tls: plaintext\n  endpoints:", endpoints.empty() ? " []\n" : "\n");
    for (const Address& endpoint : endpoints) {
      out.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()), "}\n"));
    }
    return out + "---\n";
  }
  static std::string route(std::string_view more_filters = "") {
    return str_cat(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: \"\", kind: Service, name: hello}]\n  rules:\n    - filters: [",
        more_filters,
        "{type: RequestMirror, requestMirror: {backendRef: {group: heddle.dev, kind: BackendSet, name: shadow}}}]\n"
        "      backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello, filters: [{type: "
        "RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-backend, value: real}]}}]}]\n---\n");
  }
  void start(const std::vector<Address>& real, const std::vector<Address>& shadow, std::string_view more_filters = "",
             std::string_view more = "") {
    start_outbound(snapshot_of(
        str_cat("apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n",
                set("hello", real), set("shadow", shadow), route(more_filters), more)));
  }
  // Answers each request once it is whole, and remembers it.
  RawOrigin& add_recording_origin(Received& received, std::string body) {
    return add_origin([&received, body = std::move(body)](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        received.add(request);
        ++requests;
        peer.send(http_answer(body));
      }
    });
  }
  // Reads the heads of requests, then nothing more, and never answers.
  RawOrigin& add_stuck_origin() {
    return add_origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
      if (!peer.read_until("\r\n\r\n").empty()) ++requests;
      stuck_.wait();
    });
  }
  static void wait_requests(const RawOrigin& origin, int count) {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (origin.requests() < count && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_EQ(origin.requests(), count);
  }
  void wait_outcome(std::string_view outcome, int64_t count) {
    wait_metric(*outbound_,
                str_cat("heddle_mirrored_requests_total{backend_set=\"default/shadow\",outcome=\"", outcome, "\"}"),
                count);
  }

  std::promise<void> go_;
  std::shared_future<void> stuck_ = unstick_.get_future().share();
  std::promise<void> unstick_;
};
}  // namespace
}  // namespace heddle
