#!/usr/bin/env node
/**
 * The package's command, `npx hookswitch`: runs what is compiled. On a clone where
 * nothing is yet, it sets that up first.
 */
import { existsSync } from "node:fs";

const compiled = new URL("../build/js/tools/hookswitch.js", import.meta.url);
await import(existsSync(compiled) ? compiled.href : "./bootstrap.mjs");
