#include "cli/document_text.h"

#include <gtest/gtest.h>

#include "lib/config/yaml.h"

namespace heddle {
namespace {
JsonValue json(std::string_view text) {
  Result<JsonValue> parsed = JsonValue::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : JsonValue();
}

TEST(CliDocumentText, WritesYamlAsPeopleWriteIt) {
  JsonValue document = json(R"({"kind":"HTTPRoute","spec":{"rules":[{"matches":[{"path":{"value":"/a"}}],"weight":3},
      {"empty":[],"none":{},"nothing":null}],"hostnames":["a.example","b.example"],"matrix":[[1,2],[3]]}})");

  EXPECT_EQ(to_yaml(document), R"(kind: HTTPRoute
spec:
  hostnames:
  - a.example
  - b.example
  matrix:
  - - 1
    - 2
  - - 3
  rules:
  - matches:
    - path:
        value: /a
    weight: 3
  - empty: []
    none: {}
    nothing: null
)");
}

TEST(CliDocumentText, QuotesTextThatYamlWouldTakeForSomethingElse) {
  JsonValue document = json(R"(["plain","two words","a:b","spiffe://td/x","","no","True","~","1.43","0x1f","- a","a: b",
      "a #b","a:","x ","127.0.0.1:80","@x","line\nbreak","\"q\"","null","[a]"])");

  EXPECT_EQ(to_yaml(document), R"(- plain
- two words
- a:b
- spiffe://td/x
- ""
- "no"
- "True"
- "~"
- "1.43"
- "0x1f"
- "- a"
- "a: b"
- "a #b"
- "a:"
- "x "
- "127.0.0.1:80"
- "@x"
- "line\nbreak"
- "\"q\""
- "null"
- "[a]"
)");
}

TEST(CliDocumentText, YamlIsReadBackAsTheSameValue) {
  for (std::string_view text :
       {R"({"a":{"b":[{"c":1},{"d":[[],{},[{"e":null}]]}]},"true":false,"1":-1,"":"","k y":"x\ty"})",
        R"([1,2.5,-0.125,1e300,true,null,"",[[["x"]]],{"a":{}}])",
        R"(["a  b","a b c","_x","/","a/b.c-d","on","off","y","é","a\"b","\\","#","%","&a","*a","!t","|",">"])",
        R"("scalar")", R"(9223372036854775807)", R"({"x: y":{"- z":"?"},"a:":1})"}) {
    JsonValue value = json(text);

    auto documents = parse_documents(to_yaml(value), "x.yaml");

    ASSERT_TRUE(documents) << to_yaml(value) << documents.error().detail;
    ASSERT_EQ(documents->size(), 1U);
    EXPECT_EQ((*documents)[0].value.compact(), value.compact());
  }
}

TEST(CliDocumentText, IndentsJson) {
  EXPECT_EQ(to_pretty_json(json(R"({"b":[1,{"c":"x"}],"a":{},"d":[]})")), R"({
  "a": {},
  "b": [
    1,
    {
      "c": "x"
    }
  ],
  "d": []
}
)");
}
}  // namespace
}  // namespace heddle
