#include "lib/event/loop_thread.h"

#include <pthread.h>

namespace heddle {

LoopThread::LoopThread(const std::string& name) : thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

void LoopThread::run() {
  // An open handle keeps the loop waiting for posts.
  auto keep_alive =
      make_uv<uv_async_t>(nullptr, [this](uv_async_t* h) { return uv_async_init(loop_.raw(), h, [](uv_async_t*) {}); });
  loop_.run();
}

void LoopThread::join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}
}  // namespace heddle
