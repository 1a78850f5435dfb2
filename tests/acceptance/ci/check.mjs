// Reads CI workflows as the forges do: check.mjs FOLDER_WITH_MODULES GITLAB_SCHEMA.js FILE…
// Writes {file: {document, errors}} as JSON. Workflows of GitHub and Forgejo go through GitHub's own parser, whose grammar
// Forgejo's runner shares; *.gitlab-ci.yml through GitLab's published schema.
import { readFileSync } from "node:fs";
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, schemaFile, ...files] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)));
// The parser imports its grammar without saying that it is JSON, which Node.js asks for.
register("data:text/javascript," + encodeURIComponent(`
  import { readFileSync } from "node:fs";
  export async function load(url, context, next) {
    if (!url.endsWith(".json")) return next(url, context);
    return { format: "module", shortCircuit: true, source: "export default " + readFileSync(new URL(url), "utf8") };
  }`));
const YAML = await load("yaml");
const Ajv = require("ajv").default;
const parser = await import(pathToFileURL(`${modules}/node_modules/@actions/workflow-parser/dist/index.js`));

// Its annotations for editors, and formats, say nothing about validity.
const { schema } = await import(pathToFileURL(schemaFile));
const gitlab = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

async function workflowErrors(name, content) {
  const parsed = parser.parseWorkflow({ name, content }, new parser.NoOperationTraceWriter());
  if (parsed.value !== undefined) await parser.convertWorkflowTemplate(parsed.context, parsed.value);
  return parsed.context.errors.getErrors().map((error) => error.message);
}

const out = {};
for (const file of files) {
  const content = readFileSync(file, "utf8");
  const document = YAML.parse(content, { uniqueKeys: true });
  let errors;
  if (file.endsWith(".gitlab-ci.yml")) {
    errors = gitlab(document) ? [] : gitlab.errors.map((error) => `${error.instancePath}: ${error.message}`);
  } else {
    errors = await workflowErrors(file, content);
  }
  out[file] = { document, errors };
}
process.stdout.write(JSON.stringify(out));
