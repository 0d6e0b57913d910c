"use strict";

// Shows openapi.json. Its content is added to the page as text, never as HTML.

/** Creates an element with a class and children. Strings become text. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Renders text with `code` and **bold**. Descriptions use no other markup. */
function marked(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return element("code", "", part.slice(1, -1));
    if (part.length > 4 && part.startsWith("**")) return element("strong", "", part.slice(2, -2));
    return part;
  });
}

function paragraphs(text) {
  return (text ?? "").split("\n\n").filter(Boolean).map((part) => element("p", "", ...marked(part)));
}

function json(value) {
  return element("pre", "", element("code", "", JSON.stringify(value, null, 2)));
}

async function start() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`openapi.json was answered ${answer.status}`);
    const description = await answer.json();
    show(description);
    state.remove();
    // The target of the address did not exist yet when the page was opened.
    if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  } catch (error) {
    state.setAttribute("role", "alert");
    state.textContent = `The description could not be read: ${error.message}`;
  }
}

function show(description) {
  const { info, paths, components } = description;
  document.title = `${info.title} HTTP API`;

  /** Resolves a reference, and keeps the members next to it. */
  function resolve(value) {
    if (!value || !value.$ref) return value ?? {};
    const { $ref, ...beside } = value;
    const target = $ref.slice(2).split("/").reduce((place, name) => place?.[name], description);
    return { ...resolve(target), ...beside };
  }

  /** Describes the type of a value in a few words. */
  function typeOf(schema) {
    schema = resolve(schema);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return [...new Set(choices.map(typeOf))].join(" or ");
    if (schema.allOf) return "object";
    if (schema.type === undefined) return "any JSON";
    return [schema.type].flat()
      .map((type) => {
        if (type === "array" && schema.items) return `array of ${typeOf(schema.items)}`;
        if (type === "string" && schema.format) return schema.format;
        return type;
      })
      .join(" or ");
  }

  /** Lists the limits of a value, each in a few words. */
  function limitsOf(schema) {
    schema = resolve(schema);
    const limits = [];
    if (schema.minimum !== undefined && schema.maximum !== undefined) {
      limits.push(`${exact(schema.minimum)} to ${exact(schema.maximum)}`);
    } else if (schema.minimum !== undefined) {
      limits.push(`from ${exact(schema.minimum)}`);
    }
    if (schema.maxLength !== undefined) limits.push(`at most ${schema.maxLength.toLocaleString("en")} characters`);
    if (schema.maxItems !== undefined) limits.push(`at most ${schema.maxItems.toLocaleString("en")} entries`);
    if (schema.items) limits.push(...limitsOf(schema.items).map((limit) => `each ${limit}`));
    for (const choice of schema.anyOf ?? schema.oneOf ?? []) limits.push(...limitsOf(choice));
    return [...new Set(limits)];
  }

  /** Lists the members of an object, including the members of its parts. */
  function membersOf(schema) {
    schema = resolve(schema);
    const parts = (schema.allOf ?? []).map(membersOf);
    return {
      properties: Object.assign({}, ...parts.map((part) => part.properties), schema.properties),
      required: [...parts.flatMap((part) => part.required), ...(schema.required ?? [])],
      notes: [...parts.flatMap((part) => part.notes), ...(schema.anyOf && schema.description ? [schema.description] : [])],
    };
  }

  /** Returns the schema to show members of: the object, or the content of a list or choice. */
  function objectIn(schema) {
    schema = resolve(schema);
    if (schema.properties || schema.allOf) return schema;
    if (schema.items) return objectIn(schema.items);
    for (const choice of schema.oneOf ?? schema.anyOf ?? []) {
      const found = objectIn(choice);
      if (found) return found;
    }
    return null;
  }

  function entry(name, schema, { required, description: text, place, seen = [], marks = true }) {
    const resolved = resolve(schema);
    const dt = element("dt", "", element("code", "", name));
    if (place) dt.append(element("span", "muted", `in ${place}`));
    dt.append(element("span", "type", typeOf(schema)));
    if (marks && required) dt.append(element("span", "required", "required"));
    const choice = (resolved.oneOf ?? []).find((choice) => choice.description);
    const dd = element("dd", "", ...paragraphs(text ?? resolved.description ?? choice?.description));
    const limits = limitsOf(schema);
    if (limits.length > 0) dd.append(element("p", "limits", limits.join("; ")));
    const inner = objectIn(schema);
    if (inner && seen.length < 4) {
      dd.append(element("details", "", element("summary", "muted", "Members"), members(inner, seen.concat(name), marks)));
    }
    return element("div", "", dt, dd);
  }

  /** Renders the members of an object. If `marks` is set, required members are marked. */
  function members(schema, seen = [], marks = true) {
    const { properties, required, notes } = membersOf(schema);
    const entries = Object.entries(properties).map(([name, member]) =>
      entry(name, member, { required: required.includes(name), seen, marks }));
    const all = element("div", seen.length > 0 ? "nested" : "", element("dl", "", ...entries));
    for (const note of notes) all.append(...paragraphs(note));
    return all;
  }

  function examples(content) {
    return Object.entries(content.examples ?? {}).map(([name, example]) => {
      const { summary, value } = resolve(example);
      return element("div", "", element("p", "caption", summary ? `${name}: ${summary}` : `Example: ${name}`), json(value));
    });
  }

  function body(content, marks) {
    return Object.entries(content ?? {}).flatMap(([type, inside]) => {
      const schema = resolve(inside.schema);
      const about = element("p", "muted", element("code", "", type));
      if (schema.properties || schema.allOf) {
        const text = marks ? schema.description ?? resolve(schema.allOf?.[0]).description : "";
        return [about, ...paragraphs(text), members(schema, [], marks), ...examples(inside)];
      }
      return [about, ...examples(inside)];
    });
  }

  function answer(status, response) {
    const { description: text, headers, content } = resolve(response);
    const failed = Number(status) >= 400;
    const inside = element("div", "inside");
    const named = Object.entries(headers ?? {});
    if (named.length > 0) {
      inside.append(element("p", "caption", "Headers"), element("dl", "", ...named.map(([name, header]) => {
        const { schema, description: about } = resolve(header);
        return entry(name, schema, { description: about });
      })));
    }
    if (failed) {
      // All errors have the same body. It is described once.
      for (const [type, one] of Object.entries(content ?? {})) {
        inside.append(element("p", "muted", element("code", "", type)), ...examples(one));
      }
    } else {
      inside.append(...body(content, false));
    }
    const summary = element("summary", "",
      element("span", `status ${failed ? "failure" : "success"}`, status), ...marked(text ?? ""));
    return element("details", "answer", summary, inside);
  }

  function operation(path, method, operation) {
    const id = operation.operationId;
    const scope = Object.values(operation.security?.[0] ?? {})[0]?.[0];
    const heading = element("h3", "", operation.summary);
    heading.id = `${id}-title`;
    const section = element("section", "operation",
      element("header", "", heading, element("span", "tag", scope ? `scope ${scope}` : "no key needed")),
      element("p", "route", element("span", `method ${method}`, method.toUpperCase()), element("code", "", path)),
      ...paragraphs(operation.description));
    section.id = id;
    section.setAttribute("aria-labelledby", heading.id);

    const parameters = (operation.parameters ?? []).map(resolve);
    if (parameters.length > 0) {
      section.append(element("h4", "", "Parameters"), element("dl", "", ...parameters.map((parameter) =>
        entry(parameter.name, parameter.schema, {
          required: parameter.required,
          description: parameter.description,
          place: parameter.in,
        }))));
    }
    if (operation.requestBody) {
      const request = resolve(operation.requestBody);
      section.append(element("h4", "", "Request body"), ...paragraphs(request.description), ...body(request.content, true));
    }
    section.append(element("h4", "", "Answers"),
      ...Object.entries(operation.responses).map(([status, response]) => answer(status, response)));
    return section;
  }

  const contents = document.getElementById("contents");
  const main = document.getElementById("content");
  const top = element("a", "title", info.title);
  top.href = "#content";
  contents.append(top);

  const source = element("a", "", "openapi.json");
  source.href = "openapi.json";
  main.append(
    element("h1", "", `${info.title} HTTP API`),
    element("p", "muted", `Version ${info.version}, described by `, source, ` (OpenAPI ${description.openapi}).`),
    ...paragraphs(info.description),
  );
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })));
  for (const tag of description.tags) {
    const heading = element("h2", "", tag.name);
    heading.id = tag.name;
    main.append(heading, ...paragraphs(tag.description));
    const list = element("ul", "");
    for (const { path, method, one } of operations.filter(({ one }) => one.tags.includes(tag.name))) {
      main.append(operation(path, method, one));
      const link = element("a", "", element("span", `method ${method}`, method.toUpperCase()), one.summary);
      link.href = `#${one.operationId}`;
      list.append(element("li", "", link));
    }
    contents.append(element("h2", "", tag.name), list);
  }

  const heading = element("h2", "", "The body of errors");
  heading.id = "errors";
  main.append(heading, ...paragraphs(components.schemas.Problem.description), members(components.schemas.Problem, [], false));
}

/** Shows a limit as written in the document: numbers beyond 2^53 lose digits in JavaScript. */
function exact(number) {
  if (Number.isSafeInteger(number)) return number.toLocaleString("en", { useGrouping: false });
  return number > 0 ? "the largest 64-bit number" : "the smallest 64-bit number";
}

start();
