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
  if (!isHelp && command !== undefined) process.stderr.write(`There is no command "${command}"\n`);
  (isHelp ? process.stdout : process.stderr).write(usage);
  process.exitCode = isHelp ? 0 : 2;
}
