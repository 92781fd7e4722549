from support import TreeTest

from check_names import check_tree, types_of


class NamesTest(TreeTest):
    def test_two_types_of_one_name_are_refused_by_place(self):
        self.write("proxy/admin/token.h", "namespace heddle {\nclass Token {\n};\n}  // namespace heddle\n")
        self.write("control/store/token.h", "namespace heddle {\nstruct Token final : Base {\n};\n}  // namespace heddle\n")

        refused = check_tree(self.root)

        self.assertEqual(len(refused), 1)
        self.assertIn("proxy/admin/token.h:2: duplicate-name: Token is also defined in control/store/token.h:2", refused[0])

    def test_declarations_nested_and_unnamed_types_are_free(self):
        text = ("namespace heddle {\nnamespace {\nstruct Local {\n};\n}  // namespace\nclass Later;\n"
                "class Outer::Inner {\n};\nclass Outer {\n  struct Own {};\n};\n}  // namespace heddle\n")

        self.assertEqual([name for _, name in types_of(text)], ["Outer"])
