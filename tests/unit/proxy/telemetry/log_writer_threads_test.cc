// Workers and the writer thread; meant for the thread sanitizer.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "proxy/telemetry/log_writer.h"
#include "tests/support/access_records.h"

namespace heddle {
namespace {
std::string log_file() {
  std::string name = testing::TempDir() + "heddle_access_XXXXXX";
  UniqueFd fd(::mkstemp(name.data()));
  return name;
}

std::string content(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

void produce(AccessRing& ring, int records) {
  AccessRecord record = sample_access_record();
  for (int i = 0; i < records;) {
    record.bytes_sent = static_cast<uint64_t>(i);
    ring.push(record) ? void(++i) : std::this_thread::yield();
  }
}

TEST(LogWriterThreads, WritesEveryRecordThatFitAndOnlyWholeLines) {
  std::string file = log_file();
  {
    LogWriter writer(*FdWriter::open_file(file));
    AccessRing& a = writer.add_ring(64);
    AccessRing& b = writer.add_ring(64);
    std::thread first([&] { produce(a, 5000); });
    std::thread second([&] { produce(b, 5000); });
    first.join();
    second.join();
  }

  std::string text = content(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10'000);
  EXPECT_EQ(text.substr(0, 2), "{\"");
  EXPECT_EQ(text.substr(text.size() - 2), "}\n");
  std::remove(file.c_str());
}

TEST(LogWriterThreads, DropsAndCountsWhenNobodyReadsAndStillEnds) {
  std::string fifo = log_file();
  std::remove(fifo.c_str());
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  auto writer = std::make_unique<LogWriter>(*FdWriter::open_file(fifo));
  AccessRing& ring = writer->add_ring(64);
  AccessRecord record = sample_access_record();

  for (int i = 0; i < 100'000; ++i) ring.push(record);

  EXPECT_GT(writer->dropped(), 0U);
  writer.reset();
  std::remove(fifo.c_str());
}

TEST(LogWriterThreads, WritesToTheNewFileAfterReopen) {
  std::string file = log_file();
  std::string rotated = file + ".1";
  {
    LogWriter writer(*FdWriter::open_file(file));
    AccessRing& ring = writer.add_ring();
    ASSERT_EQ(std::rename(file.c_str(), rotated.c_str()), 0);
    writer.reopen();
    ring.push(sample_access_record());
  }

  EXPECT_NE(content(file).find("hello-route"), std::string::npos);
  std::remove(file.c_str());
  std::remove(rotated.c_str());
}

TEST(AccessRingThreads, HandsOverEveryRecordOnceAndInOrder) {
  AccessRing ring(8);
  constexpr int kRecords = 20'000;
  std::thread producer([&] { produce(ring, kRecords); });
  uint64_t expected = 0;
  bool is_ordered = true;

  while (expected < kRecords) {
    ring.drain([&](const AccessRecord& record) { is_ordered = is_ordered && record.bytes_sent == expected++; });
  }
  producer.join();

  EXPECT_TRUE(is_ordered);
}
}  // namespace
}  // namespace heddle
