// Checks requests and answers against an OpenAPI 3.0 description.

// What is nullable beside a reference, which JSON schema does not know: allow null there.
function withNull(schema) {
  if (Array.isArray(schema)) return schema.map(withNull);
  if (schema === null || typeof schema !== "object") return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withNull(value)]));
  if (copy.nullable === true && copy.type === undefined) {
    const { nullable, ...rest } = copy;
    return { anyOf: [{ type: "null" }, rest] };
  }
  if (copy.nullable === true && Array.isArray(copy.enum) && !copy.enum.includes(null)) copy.enum = [...copy.enum, null];
  return copy;
}

function references(value, found = new Set()) {
  if (Array.isArray(value)) value.forEach((item) => references(item, found));
  else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      if (key === "$ref" && typeof item === "string") found.add(item);
      else if (key !== "example" && key !== "examples") references(item, found);
    }
  }
  return found;
}

export class Description {
  // `document`: the description; `operations`: ["get /repos/{owner}/{repo}/pulls", …], those that are there.
  constructor(document, operations, Ajv, addFormats) {
    this.document = document;
    const components = {};
    const queue = [];
    this.operations = operations.map((name) => {
      const [method, template] = name.split(" ");
      const operation = document.paths[template]?.[method];
      if (operation === undefined) throw new Error(`the description has no ${name}`);
      const shared = document.paths[template].parameters ?? [];
      const names = [];
      const pattern = new RegExp("^" + template.replace(/\{([^}]+)\}/g, (_, parameter) => {
        names.push(parameter);
        return "([^/]+)";
      }) + "$");
      queue.push(...references(operation), ...references(shared));
      return { name, method: method.toUpperCase(), pattern, names, operation,
        parameters: [...shared, ...(operation.parameters ?? [])].map((p) => this.resolve(p)) };
    });
    const seen = new Set();
    while (queue.length > 0) {
      const reference = queue.pop();
      if (seen.has(reference)) continue;
      seen.add(reference);
      const target = this.at(reference);
      queue.push(...references(target));
      if (reference.startsWith("#/components/schemas/")) components[reference.split("/").pop()] = withNull(target);
    }
    this.ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateSchema: false });
    addFormats(this.ajv);
    this.ajv.addSchema({ $id: "forge", components: { schemas: components } });
    this.compiled = new Map();
  }

  at(reference) {
    return reference.slice(2).split("/").reduce((value, key) => value[key.replace(/~1/g, "/").replace(/~0/g, "~")], this.document);
  }
  resolve(value) {
    return value !== null && typeof value === "object" && value.$ref !== undefined ? this.at(value.$ref) : value;
  }
  example(name) {
    return structuredClone(this.document.components.examples[name].value);
  }

  find(method, path) {
    for (const operation of this.operations) {
      const match = operation.method === method ? operation.pattern.exec(path) : null;
      if (match === null) continue;
      const values = Object.fromEntries(operation.names.map((name, i) => [name, decodeURIComponent(match[i + 1])]));
      return { ...operation, values };
    }
    return null;
  }

  validate(key, schema, value) {
    if (!this.compiled.has(key)) {
      const absolute = JSON.parse(JSON.stringify(withNull(schema)).replaceAll('"#/components/', '"forge#/components/'));
      this.compiled.set(key, this.ajv.compile(absolute));
    }
    const check = this.compiled.get(key);
    if (check(value)) return [];
    return check.errors.slice(0, 5).map((e) => `${key}${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`);
  }

  // A parameter is text: it is read as what its schema wants.
  checkParameter(found, parameter, text) {
    const schema = this.resolve(parameter.schema ?? { type: "string" });
    let value = text;
    if (schema.type === "integer" && /^-?\d+$/.test(text)) value = Number(text);
    if (schema.type === "boolean" && /^(true|false)$/.test(text)) value = text === "true";
    return this.validate(`${found.name} ${parameter.in} ${parameter.name}`, schema, value);
  }

  checkRequest(found, query, contentType, text) {
    const problems = [];
    for (const parameter of found.parameters) {
      if (parameter.in === "path") problems.push(...this.checkParameter(found, parameter, found.values[parameter.name]));
      if (parameter.in !== "query") continue;
      if (query.has(parameter.name)) problems.push(...this.checkParameter(found, parameter, query.get(parameter.name)));
      else if (parameter.required) problems.push(`${found.name}: the query lacks ${parameter.name}`);
    }
    const known = new Set(found.parameters.filter((p) => p.in === "query").map((p) => p.name));
    for (const name of query.keys()) if (!known.has(name)) problems.push(`${found.name}: the query has ${name}, which is not described`);
    const body = this.resolve(found.operation.requestBody);
    if (body === undefined) {
      if (text !== "") problems.push(`${found.name}: a body, and none is described`);
      return { problems, value: null };
    }
    if (text === "" && !body.required) return { problems, value: null };
    if (!contentType.startsWith("application/json")) problems.push(`${found.name}: the body's type is "${contentType}"`);
    let value;
    try { value = JSON.parse(text); } catch { return { problems: [...problems, `${found.name}: the body is not JSON`], value: null }; }
    const schema = this.resolve(body.content["application/json"].schema);
    problems.push(...this.validate(`${found.name} body`, schema, value));
    for (const name of Object.keys(value ?? {})) {
      if (schema.properties?.[name] === undefined) problems.push(`${found.name} body: ${name} is not described`);
    }
    return { problems, value };
  }

  // The server's own answers are held to the description, too: a client that reads them reads the real thing's form.
  checkAnswer(found, status, body) {
    if (status >= 300) return [];
    const described = this.resolve(found.operation.responses[String(status)]);
    if (described === undefined) return [`${found.name}: status ${status} is not described`];
    const schema = described.content?.["application/json"]?.schema;
    if (schema === undefined) return body === undefined ? [] : [`${found.name}: ${status} has a body, and none is described`];
    return this.validate(`${found.name} ${status}`, schema, body);
  }
}
