// The words of the command line by CLI11, unchecked: which command, and the text of every option. Also every line of
// --help. Private to cli/options.cc. CLI11 throws; nothing leaves this class as an exception.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"

namespace CLI {
class App;
}

namespace heddle::detail {
struct Words {
  // every command
  std::string context;
  std::string timeout;
  std::string color;
  // of the command
  std::vector<std::string> files;
  std::vector<std::string> resource;
  std::string ns;
  std::string output;
  std::string id;
  std::string ttl;
  std::string version;
  std::string url;
  std::string method;
  std::string client_ns;
  std::string from;
  std::string sni;
  std::string draw;
  std::string live;
  std::string admin_token;
  std::string listener;
  std::string step;
  std::string wait;
  std::string stages;
  std::string watch;
  std::string max_error_rate;
  std::string max_reject_rate;
  std::string max_latency;
  std::string min_requests;
  std::string selector;
  std::string shell;
  std::string directory;
  std::string kind;
  std::string schema_output;
  bool schema_crds = false;
  std::string field;
  std::string context_name;
  std::string context_source;
  std::vector<std::string> except;
  std::string name;
  std::string access_ttl;
  std::vector<std::string> roles;
  std::vector<std::string> namespaces;
  std::vector<std::string> headers;
  std::string message;
  std::string expect;
  std::string to;
  std::string limit;
  std::string overlay;
  std::string install_ns;
  std::string inject_image;
  std::string inject_control;
  std::string trust_domain;
  std::vector<std::string> images;
  std::string kubeconfig;
  std::string kube_context;
  std::string kube_api_url;
  bool keep_crds = false;
  bool classic_sidecar = false;
  bool pre = false;
  bool wait_live = false;
  bool everything = false;
  bool dry_run = false;
  bool prune = false;
  bool is_ns_given = false;
  bool all_namespaces = false;
  bool ignore_not_found = false;
  bool client = false;
  bool no_replay = false;
  bool inbound = false;
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Nothing when there is a command to run.
  std::optional<CliExit> parse(const std::vector<std::string>& args);
  const Words& words() const noexcept { return words_; }
  std::string command() const;  // "token create"; empty when none was found
  CliExit usage_error(std::string_view what) const;
  const CLI::App& app() const noexcept { return *app_; }

 private:
  bool is_complete() const;
  void add_global();
  void add_apply();
  void add_get();
  void add_delete();
  void add_status();
  void add_token();
  void add_wait();
  void add_validate();
  void add_explain();
  void add_plan();
  void add_ca();
  void add_federation();
  void add_access();  // in command_line_access.cc
  void add_stages(CLI::App& apply);
  void add_rollout();
  void add_version();
  void add_changes();  // diff, history, show, rollback
  void add_diff();
  void add_history();
  void add_show();
  void add_rollback();
  void add_said(CLI::App&);
  void add_check();  // these in command_line_tools.cc
  void add_fields();
  void add_install();  // in command_line_install.cc
  void add_pre(CLI::App& check);
  void add_inject();
  void add_context();
  void add_shell();
  void add_namespace(CLI::App&, const std::string& what);
  void add_files(CLI::App&);
  void add_prune(CLI::App&);
  std::unique_ptr<CLI::App> app_;
  Words words_;
};
}  // namespace heddle::detail
