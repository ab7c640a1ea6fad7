/**
 * The playground: a page that shows what sessions do, and the servers it needs.
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
// Where there is no screen to show a browser on, the address is all there is.
const hasScreen =
  platform !== 'linux' || 'DISPLAY' in env || 'WAYLAND_DISPLAY' in env || 'WSL_DISTRO_NAME' in env;
if (values.open && hasScreen) server.openBrowser();
