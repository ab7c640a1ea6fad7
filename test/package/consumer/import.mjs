// Runs in every runtime: `import.mjs <URL> <subpath>…` prints what the package's entries export, and what a session does.
const [url, ...subpaths] = globalThis.process.argv.slice(2);

const exported = {};
for (const subpath of subpaths) exported[subpath] = Object.keys(await import(`aiofetch${subpath}`)).sort();

const {createSession, gather} = await import('aiofetch');
const session = createSession({baseUrl: url});
const names = await gather([1, 2, 3], async (id) => (await session.get(`users/${id}`).json()).name);
const {connector, totals} = session.stats();
await session.close();
const isPooled = totals.opened > 0;
console.log(JSON.stringify({exported, names, connector, isPooled}));
