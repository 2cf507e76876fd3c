// validate.mjs - holds Kubernetes objects to the schemas of their kinds, and to the schemas' names:
// the validators pass over a misspelled field, so each object is shown to them through a proxy that
// notes what was read. What nobody read is no field of that kind.
// usage: node validate.mjs MODULES OBJECTS.json; a line for each fault, exit status 1 if there is one

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, file] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));

// The package that has the kinds of an API group: Kubernetes' own have no dot or end with k8s.io.
function packageOf(apiVersion) {
	const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
	return group === "monitoring.coreos.com"
		? "@kubernetes-models/prometheus-operator"
		: "kubernetes-models";
}

// A view of value that adds the path of each member that is read to `read`.
function watched(value, path, read) {
	if (value === null || typeof value !== "object")
		return value;
	return new Proxy(value, {
		get(target, name, receiver) {
			const member = Reflect.get(target, name, receiver);
			if (typeof name === "symbol" || !Object.hasOwn(target, name))
				return member;
			read.add(`${path}/${name}`);
			return watched(member, `${path}/${name}`, read);
		},
	});
}

function* paths(value, path) {
	if (value === null || typeof value !== "object")
		return;
	for (const [name, member] of Object.entries(value)) {
		yield `${path}/${name}`;
		yield* paths(member, `${path}/${name}`);
	}
}

function faultsOf(object) {
	const { apiVersion, kind } = object;
	const Kind = require(`${packageOf(apiVersion)}/${apiVersion}`)[kind];
	if (Kind === undefined)
		return [`${apiVersion} has no ${kind}`];
	const read = new Set();
	try {
		Kind.prototype.validate.call(watched(new Kind(object), "", read));
	} catch (error) {
		return [error.message];
	}
	// Maps of text (labels, data) are read as a whole; below an unread path nothing is read.
	return [...paths(object, "")]
		.filter((path) => !read.has(path))
		.map((path) => `${path} is no field of ${kind}`);
}

let faults = 0;
const objects = JSON.parse(readFileSync(file, "utf8"));
for (const object of objects) {
	for (const fault of faultsOf(object)) {
		console.log(`${object.kind} ${object.metadata.name}: ${fault}`);
		faults++;
	}
}
console.log(`${objects.length} objects, ${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
