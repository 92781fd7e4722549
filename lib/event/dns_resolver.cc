#include "lib/event/dns_resolver.h"

#include <ares.h>
#include <sys/stat.h>

#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include "lib/base/strings.h"
#include "lib/event/dns_message.h"

namespace heddle {
namespace {
constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kInternet = 1;  // the class

int type_number(DnsRecordType type) {
  constexpr int kNumbers[] = {1, 28, 33};
  return kNumbers[static_cast<size_t>(type)];
}

// Changes whenever the file does; "" while there is none.
std::string stamp_of(const char* path) {
  struct stat seen {};
  if (::stat(path, &seen) != 0) return {};
  return str_cat(std::to_string(seen.st_ino), " ", std::to_string(seen.st_size), " ",
                 std::to_string(seen.st_mtim.tv_sec), " ", std::to_string(seen.st_mtim.tv_nsec));
}

ares_addr_port_node server_node(const Address& address) {
  ares_addr_port_node out{};
  sockaddr_storage room{};
  address.to_sockaddr(room);
  out.family = room.ss_family;
  out.udp_port = out.tcp_port = address.port();
  if (room.ss_family == AF_INET) {
    out.addr.addr4 = reinterpret_cast<const sockaddr_in&>(room).sin_addr;
  } else {
    const in6_addr& from = reinterpret_cast<const sockaddr_in6&>(room).sin6_addr;
    std::copy(std::begin(from.s6_addr), std::end(from.s6_addr), out.addr.addr6._S6_un._S6_u8);
  }
  return out;
}
}  // namespace

struct DnsResolver::Asked {
  DnsQuestion question;
  OnAnswer done;
};

struct DnsResolver::Lookup final : Operation {
  explicit Lookup(std::shared_ptr<Asked> a) : asked(std::move(a)) {}
  std::shared_ptr<Asked> asked;  // nobody else holds it: with the token goes the question
};

// One ares_channel, its sockets watched by the loop.
class DnsResolver::Channel {
 public:
  Channel(DnsResolver& resolver, const DnsSettings& settings);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    closing_ = true;
    if (raw_ != nullptr) ares_destroy(raw_);
  }
  void ask(const std::shared_ptr<Asked>&);
  bool is_idle() const noexcept { return questions_.empty(); }

 private:
  struct Question {
    Channel* channel;
    std::weak_ptr<Asked> asked;
    DnsRecordType type;
    std::list<Question>::iterator self;
  };
  struct Socket {
    Channel* channel;
    int fd;
    UvHandle<uv_poll_t> poll;
  };
  void open(const DnsSettings&, int flags);
  void use_servers(const std::vector<Address>&);
  size_t server_count() const;
  void watch(int fd, int events);
  void process(int readable, int writable);
  void arm();
  static void on_result(void* question, int status, int timeouts, unsigned char* message, int length);
  static void on_socket(void* channel, int fd, int readable, int writable) {
    static_cast<Channel*>(channel)->watch(fd, (readable != 0 ? UV_READABLE : 0) | (writable != 0 ? UV_WRITABLE : 0));
  }
  static void on_poll(uv_poll_t* handle, int status, int events);

  DnsResolver& resolver_;
  ares_channel raw_ = nullptr;  // nullptr: could not be made
  bool closing_ = false;
  std::list<Question> questions_;
  std::map<int, Socket> sockets_;
  std::unique_ptr<Timer> timer_;
};

DnsResolver::Channel::Channel(DnsResolver& resolver, const DnsSettings& settings)
    : resolver_(resolver), timer_(resolver.loop_.timer([this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); })) {
  open(settings, 0);
  // Where no other server could be asked, an error is the answer: c-ares hides it, else, behind "no server".
  if (raw_ == nullptr || server_count() != 1) return;
  ares_destroy(std::exchange(raw_, nullptr));
  open(settings, ARES_FLAG_NOCHECKRESP);
}

void DnsResolver::Channel::open(const DnsSettings& settings, int flags) {
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | flags;
  options.timeout = static_cast<int>(settings.timeout / 1ms);
  options.tries = kTries;
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&raw_, &options, mask) != ARES_SUCCESS) {
    raw_ = nullptr;
  } else if (!settings.servers.empty()) {
    use_servers(settings.servers);
  }
}

size_t DnsResolver::Channel::server_count() const {
  ares_addr_port_node* list = nullptr;
  if (ares_get_servers_ports(raw_, &list) != ARES_SUCCESS) return 0;
  size_t count = 0;
  for (const ares_addr_port_node* at = list; at != nullptr; at = at->next) ++count;
  ares_free_data(list);
  return count;
}

void DnsResolver::Channel::use_servers(const std::vector<Address>& servers) {
  std::vector<ares_addr_port_node> nodes;
  nodes.reserve(servers.size());
  for (const Address& server : servers) nodes.push_back(server_node(server));
  for (size_t i = 1; i < nodes.size(); ++i) nodes[i - 1].next = &nodes[i];
  HEDDLE_CHECK(ares_set_servers_ports(raw_, nodes.data()) == ARES_SUCCESS);  // fails while questions are out only
}

void DnsResolver::Channel::ask(const std::shared_ptr<Asked>& asked) {
  if (raw_ == nullptr) {
    DnsAnswer none;
    none.why = "no-resolver";
    return resolver_.on_answer(asked, std::move(none));
  }
  DnsRecordType type = asked->question.type;
  questions_.push_front({this, asked, type, {}});
  questions_.front().self = questions_.begin();
  ares_query(raw_, asked->question.name.c_str(), kInternet, type_number(type), on_result, &questions_.front());
  arm();
}

void DnsResolver::Channel::on_result(void* arg, int status, int, unsigned char* message, int length) {
  auto* question = static_cast<Question*>(arg);
  Channel& self = *question->channel;
  if (self.closing_) return;
  std::span<unsigned char> bytes(message, message == nullptr ? 0 : static_cast<size_t>(length));
  self.resolver_.on_answer(question->asked, read_dns_answer(question->type, status, bytes));
  self.questions_.erase(question->self);
}

void DnsResolver::Channel::watch(int fd, int events) {
  if (events == 0) {
    sockets_.erase(fd);
    return;
  }
  auto [at, is_new] = sockets_.try_emplace(fd);
  if (is_new) {
    auto init = [&](uv_poll_t* handle) { return uv_poll_init(resolver_.loop_.raw(), handle, fd); };
    at->second = Socket{this, fd, make_uv<uv_poll_t>(&at->second, init)};
  }
  HEDDLE_CHECK(uv_poll_start(at->second.poll.get(), events, on_poll) == 0);
}

void DnsResolver::Channel::on_poll(uv_poll_t* handle, int status, int events) {
  auto* socket = static_cast<Socket*>(handle->data);
  if (socket == nullptr) return;
  bool both = status < 0;  // let c-ares find out what is wrong with it
  int fd = socket->fd;     // the socket may be gone after this
  socket->channel->process(both || (events & UV_READABLE) != 0 ? fd : ARES_SOCKET_BAD,
                           both || (events & UV_WRITABLE) != 0 ? fd : ARES_SOCKET_BAD);
}

void DnsResolver::Channel::process(int readable, int writable) {
  ares_process_fd(raw_, readable, writable);
  arm();
}

void DnsResolver::Channel::arm() {
  timeval room{};
  timeval* next = ares_timeout(raw_, nullptr, &room);
  if (next == nullptr) return timer_->cancel();
  timer_->arm(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec));
}

DnsResolver::DnsResolver(Loop& loop, DnsSettings settings) : loop_(loop), settings_(std::move(settings)) {}
DnsResolver::~DnsResolver() = default;

Pending DnsResolver::ask(const DnsQuestion& question, OnAnswer done) {
  auto asked = std::make_shared<Asked>(Asked{question, std::move(done)});
  waiting_.push_back(asked);
  start_waiting();
  return std::make_unique<Lookup>(std::move(asked));
}

void DnsResolver::start_waiting() {
  if (!waiting_.empty()) choose_channel();
  while (at_once_ < kMaxAtOnce && !waiting_.empty()) {
    std::shared_ptr<Asked> next = waiting_.front().lock();
    waiting_.pop_front();
    if (next == nullptr) continue;  // nobody waits for it any more
    ++at_once_;
    channels_.back()->ask(next);
  }
}

// Not called from within c-ares: a channel that has nothing left is destroyed here.
void DnsResolver::choose_channel() {
  std::string stamp = settings_.servers.empty() ? stamp_of(kResolvConf) : std::string();
  if (channels_.empty() || stamp != stamp_) channels_.push_back(std::make_unique<Channel>(*this, settings_));
  stamp_ = std::move(stamp);
  auto newest = channels_.end() - 1;
  channels_.erase(std::remove_if(channels_.begin(), newest, [](const auto& channel) { return channel->is_idle(); }),
                  newest);
}

// A call down of c-ares may end here: who asked hears of it at the end of the turn.
void DnsResolver::on_answer(std::weak_ptr<Asked> asked, DnsAnswer answer) {
  --at_once_;
  answered_.push_back({std::move(asked), std::move(answer)});
  loop_.defer(deliver_);
}

void DnsResolver::deliver() {
  std::vector<Answered> answered = std::exchange(answered_, {});
  start_waiting();
  for (Answered& each : answered) {
    if (auto asked = each.asked.lock()) std::exchange(asked->done, {})(std::move(each.answer));
  }
}
}  // namespace heddle
