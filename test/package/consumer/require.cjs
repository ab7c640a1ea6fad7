// As import.mjs, by `require()`; and what `import` gives is the same.
const [url, ...subpaths] = process.argv.slice(2);

module.exports = (async () => {
  const exported = {};
  let isSame = true;
  for (const subpath of subpaths) {
    const required = require(`aiofetch${subpath}`);
    const imported = await import(`aiofetch${subpath}`);
    exported[subpath] = Object.keys(imported).sort();
    isSame &&= exported[subpath].every((name) => required[name] === imported[name]);
  }
  const {createSession} = require('aiofetch');
  const session = createSession({baseUrl: url});
  const {name} = await session.get('users/1').json();
  const {connector} = session.stats();
  await session.close();
  console.log(JSON.stringify({exported, isSame, name, connector}));
})();
