#!/usr/bin/env node
import {openapiCommand} from './command.ts';

const [command, ...rest] = process.argv.slice(2);
const usage = 'Usage: aiofetch openapi <document> [-o <file>] [--check]\n';

if (command === 'openapi') {
  process.exitCode = await openapiCommand(rest, {
    out: (text) => process.stdout.write(text),
    log: (text) => process.stderr.write(text),
  });
} else {
  const isHelp = command === '--help' || command === '-h';
  if (!isHelp && command !== undefined)
    process.stderr.write(`Unknown command "${command}". The only command is "openapi".\n`);
  (isHelp ? process.stdout : process.stderr).write(usage);
  process.exitCode = isHelp ? 0 : 2;
}
