/**
 * The playground: a page that shows what sessions do, and the servers that it needs.
 *
 *     npm run playground
 *     npm run playground -- --port 3000 --no-open
 */
import {env, platform} from 'node:process';
import {parseArgs} from 'node:util';
import {startPlayground} from './start.ts';

const {values} = parseArgs({
  options: {port: {type: 'string', default: '5173'}, open: {type: 'boolean', default: true}},
  allowNegative: true,
});

const {server, address} = await startPlayground(Number(values.port));
console.log(`The playground is at ${address}`);
// Without a screen no browser is opened: the address is printed only.
const hasScreen =
  platform !== 'linux' || 'DISPLAY' in env || 'WAYLAND_DISPLAY' in env || 'WSL_DISTRO_NAME' in env;
if (values.open && hasScreen) server.openBrowser();
