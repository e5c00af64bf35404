import js from "@eslint/js";
import globals from "globals";

// `pbf/components/bundle.py` joins the modules of a component and knows no other forms.
const BUNDLED = [
  { selector: "ImportDeclaration[specifiers.length=0]", message: "Import names." },
  { selector: "ImportDefaultSpecifier, ImportNamespaceSpecifier", message: "Import names." },
  {
    selector: "ExportNamedDeclaration:not([declaration]), ExportAllDeclaration",
    message: "Export a name where it is declared.",
  },
];

export default [
  { ignores: [".venv/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      "consistent-return": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 25, skipBlankLines: true, skipComments: true }],
      "no-shadow": "error",
      "no-unused-vars": ["error", { args: "after-used", caughtErrors: "all" }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  { files: ["pbf/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["pbf/components/**/*.js"], rules: { "no-restricted-syntax": ["error", ...BUNDLED] } },
  { files: ["pbf/api/assets/docs.js"], languageOptions: { globals: { SwaggerUIBundle: "readonly" } } },
  {
    files: ["bench/*.js"],
    languageOptions: { globals: { ...globals.browser, React: "readonly", ReactDOM: "readonly" } },
  },
  { files: ["tests/support/*.js"], languageOptions: { globals: globals.node } },
  { files: ["tests/javascript/**/*.js"], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
];
