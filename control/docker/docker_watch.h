// DockerWatch: keeps a DockerInventory equal to an engine: follows its events, lists, inspects what it must. Events are
// opened before the list, and what they name is inspected again, so that nothing falls between. When the stream or an
// answer fails all is begun again after a backoff, and what is known stands meanwhile. Lists again every kListAgain,
// because an engine may drop events and says so to nobody. Control loop; the shell around DockerInventory.
#pragma once
#include "control/docker/docker_client.h"
#include "control/docker/docker_inventory.h"
#include "lib/base/backoff.h"

namespace heddle {
class DockerWatch final : private LineObserver {
 public:
  static constexpr Duration kListAgain = 30s;
  class Observer {
   public:
    virtual ~Observer() = default;
    // Containers differ; not before all were seen once.
    virtual void on_containers() = 0;
    virtual void on_trouble(const Error&) = 0;  // once, until on_connected()
    virtual void on_connected() = 0;            // all were listed; also the first time
  };
  DockerWatch(DockerClient&, Loop&, Random&, Observer&);
  ~DockerWatch() override;
  void start() { begin(); }
  const DockerInventory::Containers& containers() const noexcept { return inventory_.containers(); }
  bool is_synced() const noexcept { return is_synced_; }
  const std::optional<Error>& trouble() const noexcept { return trouble_; }

 private:
  enum class Stage : uint8_t { kFind, kVersion, kOpen, kList, kInspect, kIdle, kFailed };
  void begin();
  void ask(Stage, std::string path, std::string query);
  void on_answer();
  void open_events();
  void list();
  void go_on();
  void after_list();
  void fail(Error why);
  void changed(bool is_changed);
  void on_inspection(const Result<RpcResponse>&);
  void on_line(std::string_view line) override;
  void on_closed(const Error& why) override;
  void on_timer();

  DockerClient& client_;
  Loop& loop_;
  Observer& observer_;
  Backoff backoff_;
  DockerInventory inventory_;
  Stage stage_ = Stage::kIdle;
  std::string version_;  // "/v1.41"
  std::optional<Error> trouble_;
  bool is_synced_ = false;
  std::optional<Result<RpcResponse>> answer_;
  std::unique_ptr<Timer> timer_;
  Pending events_;
  Pending asking_;
  DeferredOf<DockerWatch, &DockerWatch::on_answer> on_answer_{*this};
};
}  // namespace heddle
