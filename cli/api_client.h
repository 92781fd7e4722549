// ApiClient: ControlApi over TLS 1.3. Trusts the context file's CA and no other, wants exactly the SPIFFE id named
// there, shows no certificate and sends the token. Reads the context file at the first call, so that commands without
// one work. Runs the loop inside call(): for a process that does nothing else. The token is in no message.
#pragma once
#include <memory>
#include <optional>

#include "cli/context_file.h"
#include "cli/control_api.h"
#include "lib/event/loop.h"

namespace heddle {
class ApiClient final : public ControlApi {
 public:
  // `context_name`: of several in the file; empty: the current one.
  ApiClient(Loop& loop, std::string context_path, std::string context_name = {});
  ~ApiClient() override;
  Result<ApiReply> call(const ApiRequest&) override;

 private:
  class Wire;  // connector, sessions and client of one address
  Result<void> open();
  Loop& loop_;
  const std::string context_path_;
  const std::string context_name_;
  std::optional<ContextFile> context_;
  std::unique_ptr<Wire> wire_;
};
}  // namespace heddle
