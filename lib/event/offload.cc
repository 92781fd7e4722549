#include "lib/event/offload.h"

#include <utility>

namespace heddle {
namespace {
struct Request;

// Shared by the token (strong) and the request (weak): a dead token means nobody listens.
struct Listening {
  Task done;
  Request* request = nullptr;  // while libuv has it
};

// Owns itself until libuv gives it back on the loop.
struct Request {
  uv_work_t uv{};
  Task work;
  std::weak_ptr<Listening> listening;
};

class Token final : public Operation {
 public:
  explicit Token(std::shared_ptr<Listening> listening) : listening_(std::move(listening)) {}
  ~Token() override {
    // Work that has not begun never will; libuv refuses to cancel what runs.
    if (listening_->request != nullptr) uv_cancel(reinterpret_cast<uv_req_t*>(&listening_->request->uv));
  }

 private:
  std::shared_ptr<Listening> listening_;
};

void on_work(uv_work_t* work) { static_cast<Request*>(work->data)->work(); }

void on_after_work(uv_work_t* work, int status) {
  std::unique_ptr<Request> request(static_cast<Request*>(work->data));
  std::shared_ptr<Listening> listening = request->listening.lock();
  if (listening == nullptr || status != 0) return;
  listening->request = nullptr;
  Task done = std::move(listening->done);  // may destroy the token
  done();
}
}  // namespace

Pending Offload::run(Task work, Task done) {
  auto listening = std::make_shared<Listening>();
  auto request = std::make_unique<Request>();
  listening->done = std::move(done);
  listening->request = request.get();
  request->work = std::move(work);
  request->listening = listening;
  request->uv.data = request.get();
  HEDDLE_CHECK(uv_queue_work(loop_.raw(), &request->uv, on_work, on_after_work) == 0);
  request.release();
  return std::make_unique<Token>(std::move(listening));
}
}  // namespace heddle
