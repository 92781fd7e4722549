#include "certs/sealed_document.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr int kFew = 1000;

TEST(SealedDocument, OpensWithItsPassphraseAlone) {
  std::string document(100'000, '\0');
  document += "end";

  Result<std::string> sealed = seal_document(document, "correct horse", kFew);
  ASSERT_TRUE(sealed.has_value()) << sealed.error().text();

  EXPECT_EQ(sealed->find("end"), std::string::npos);
  EXPECT_EQ(open_document(*sealed, "correct horse")->view(), document);
  for (std::string_view wrong : {"", "Correct horse", "correct horse "}) {
    Result<Secret> opened = open_document(*sealed, wrong);
    ASSERT_FALSE(opened.has_value()) << wrong;
    EXPECT_EQ(opened.error().detail, "the passphrase does not open the document, or it is damaged");
  }
}

TEST(SealedDocument, ADocumentThatWasChangedIsRefused) {
  std::string sealed = *seal_document(std::string(200, 'a'), "secret", kFew);
  for (size_t at = sealed.size() - 230; at < sealed.size(); at += 7) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(open_document(changed, "secret").has_value()) << at;
  }
  for (size_t size = 0; size < sealed.size(); size += 13) {
    EXPECT_FALSE(open_document(std::string_view(sealed).substr(0, size), "secret").has_value()) << size;
  }
}

TEST(SealedDocument, RefusesWhatIsNoDocument) {
  for (std::string_view text : {"", "x", "-----BEGIN CMS-----\n"}) EXPECT_FALSE(open_document(text, "a").has_value());
}
}  // namespace
}  // namespace heddle
