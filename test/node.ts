/** Loaded by mocha before any spec: gives the portable specs Node's host. */
import { nodeHost } from "../hosts/node/natives.js";

Object.assign(globalThis, { testHost: nodeHost() });
