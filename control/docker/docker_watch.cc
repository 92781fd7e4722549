#include "control/docker/docker_watch.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
// filters={"type":["container","network"]}
constexpr std::string_view kEventFilter = "filters=%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D";
}  // namespace

DockerWatch::DockerWatch(DockerClient& client, Loop& loop, Random& random, Observer& observer)
    : client_(client),
      loop_(loop),
      observer_(observer),
      backoff_(random, {500ms, 2.0, 0.5, 10s}),
      timer_(loop.timer([this] { on_timer(); })) {}
DockerWatch::~DockerWatch() = default;

// From the timer or the start, so that no token dies in its own callback.
void DockerWatch::begin() {
  on_answer_.cancel_deferred();
  answer_.reset();
  events_.reset();
  inventory_.forget_asked();
  stage_ = Stage::kFind;
  asking_ = client_.find([this](Result<void> found) {
    answer_.emplace(found ? Result<RpcResponse>(RpcResponse()) : Result<RpcResponse>(std::move(found).error()));
    loop_.defer(on_answer_);
  });
}

void DockerWatch::ask(Stage stage, std::string path, std::string query) {
  stage_ = stage;
  asking_ = client_.get(std::move(path), std::move(query), [this](Result<RpcResponse> response) {
    answer_.emplace(std::move(response));
    loop_.defer(on_answer_);
  });
}

void DockerWatch::on_answer() {
  if (stage_ == Stage::kFailed || !answer_) return;
  Result<RpcResponse> response = *std::exchange(answer_, std::nullopt);
  if (!response) return fail(response.error());
  if (stage_ == Stage::kFind) return ask(Stage::kVersion, "/version", "");
  if (stage_ == Stage::kOpen) return response->status == 200 ? list() : fail(docker_document(response).error());
  if (stage_ == Stage::kInspect) return on_inspection(response);
  Result<JsonValue> document = docker_document(response);
  if (!document) return fail(std::move(document).error());
  if (stage_ == Stage::kList) {
    bool is_changed = inventory_.on_list(*document);
    changed(is_changed);
    return go_on();
  }
  Result<std::string> version = docker_api_version(*document);
  if (!version) return fail(std::move(version).error());
  version_ = *std::move(version);
  open_events();
}

void DockerWatch::open_events() {
  stage_ = Stage::kOpen;
  events_ = client_.read_lines(str_cat(version_, "/events"), std::string(kEventFilter), *this,
                               [this](Result<RpcResponse> opened) {
                                 answer_.emplace(std::move(opened));
                                 loop_.defer(on_answer_);
                               });
}

// With those that do not run: their Service stays, without them as endpoints.
void DockerWatch::list() { ask(Stage::kList, str_cat(version_, "/containers/json"), "all=true"); }

// Removed meanwhile is no failure; nor is one container that the engine cannot tell of.
void DockerWatch::on_inspection(const Result<RpcResponse>& response) {
  if (response->status == 404) {
    changed(inventory_.on_inspected(std::nullopt));
  } else if (Result<JsonValue> document = docker_document(response)) {
    changed(inventory_.on_inspected(*document));
  } else {
    inventory_.on_not_said();
  }
  go_on();
}

void DockerWatch::go_on() {
  if (std::optional<std::string> id = inventory_.next()) {
    return ask(Stage::kInspect, str_cat(version_, "/containers/", *id, "/json"), "");
  }
  stage_ = Stage::kIdle;
  after_list();
}

void DockerWatch::after_list() {
  backoff_.reset();
  if (!is_synced_ || trouble_) {
    trouble_.reset();
    observer_.on_connected();
  }
  if (!std::exchange(is_synced_, true)) observer_.on_containers();
  timer_->arm(kListAgain);
}

void DockerWatch::changed(bool is_changed) {
  if (is_changed && is_synced_) observer_.on_containers();
}

void DockerWatch::fail(Error why) {
  if (stage_ == Stage::kFailed) return;
  stage_ = Stage::kFailed;
  bool is_new = !trouble_;
  trouble_ = std::move(why);
  client_.forget();
  timer_->arm(backoff_.next());
  if (is_new) observer_.on_trouble(*trouble_);
}

void DockerWatch::on_line(std::string_view line) {
  if (stage_ == Stage::kFailed) return;
  changed(inventory_.on_event(read_docker_event(line)));
  if (stage_ == Stage::kIdle && !inventory_.is_complete()) go_on();
}

void DockerWatch::on_closed(const Error& why) {
  fail(why.reason == Reason::kNone ? make_error(Reason::kUnavailable, "the engine ended its events") : why);
}

void DockerWatch::on_timer() {
  if (stage_ == Stage::kFailed) return begin();
  if (stage_ == Stage::kIdle) list();
}
}  // namespace heddle
