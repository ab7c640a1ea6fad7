// As import.mjs, for a process whose global fetch was replaced before anything was imported.
const real = globalThis.fetch;
globalThis.fetch = async () => Response.json({name: 'replaced'});

const {createSession} = await import('aiofetch');
const [url] = process.argv.slice(2);
const session = createSession({baseUrl: url});
const {name: replaced} = await session.get('users/1').json();
globalThis.fetch = real;
const {name} = await session.get('users/1').json();
const {sent, opened} = session.stats().totals;
await session.close();
console.log(JSON.stringify({replaced, name, sent, opened}));
