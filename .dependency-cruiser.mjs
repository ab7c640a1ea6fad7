// The rooms of src/, from the ground floor up, each with the rooms that it may import. A room that is not listed here is
// an error, and so is an import that is not listed. src/README.md has the map.
const ground = ['errors', 'utils', 'core'];
const rooms = {
  errors: [],
  utils: ['errors'],
  core: ['errors', 'utils'],
  policies: ground,
  streams: ground,
  gather: ground,
  tracing: ground,
  'connectors/limits': ground,
  'connectors/base': [...ground, 'connectors/limits'],
  'connectors/native': [...ground, 'connectors/base', 'connectors/limits'],
  'connectors/mock': [...ground, 'connectors/base'],
  'connectors/undici': [...ground, 'connectors/base', 'connectors/limits'],
  'connectors/default': [...ground, 'connectors/base', 'connectors/native', 'connectors/undici'],
  session: [...ground, 'policies'],
  'event-source': [...ground, 'policies', 'session', 'streams'],
  download: [...ground, 'policies', 'session', 'streams'],
  client: [...ground, 'policies', 'session', 'streams'],
};
// Doors are subpaths of their own. Nothing but the barrel imports one.
const doors = {
  node: [...ground, 'policies', 'session', 'download'],
  har: [...ground, 'tracing', 'connectors/mock'],
  opentelemetry: ground,
  openapi: [...ground, 'client', 'connectors/undici', 'index'],
  conformance: [...Object.keys(rooms)],
  index: [...Object.keys(rooms)],
  'core-index': [...Object.keys(rooms)],
};

const files = ['index', 'core-index', 'connectors/mock'];
const pathOf = (room) => (files.includes(room) ? `${room}\\.ts$` : `${room}/`);
const group = (names) => `^src/(${names.map(pathOf).join('|')})`;

const allowed = Object.entries({...rooms, ...doors}).map(([room, imports]) => ({
  from: {path: group([room])},
  to: {path: group([room, ...imports])},
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  allowedSeverity: 'error',
  allowed: [
    ...allowed,
    // Packages and Node's own modules have rules of their own, below.
    {from: {path: '^src/'}, to: {pathNot: '^src/'}},
    {from: {pathNot: '^src/'}, to: {}},
  ],
  forbidden: [
    {name: 'no-cycles', severity: 'error', from: {}, to: {circular: true}},
    {name: 'resolvable', severity: 'error', from: {}, to: {couldNotResolve: true}},
    {
      name: 'undici-in-its-room',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/connectors/undici/'},
      to: {path: '(^|/)node_modules/undici/'},
    },
    {
      name: 'ky-in-its-file',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/session/ky\\.ts$'},
      to: {path: '(^|/)node_modules/ky/', dependencyTypesNot: ['type-only']},
    },
    {
      name: 'p-retry-in-its-policy',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/policies/retry/loop\\.ts$'},
      to: {path: '(^|/)node_modules/p-retry/'},
    },
    {
      name: 'tough-cookie-in-its-policy',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/policies/cookies/'},
      to: {path: '(^|/)node_modules/tough-cookie/'},
    },
    {
      name: 'barrel-chooses-the-connector',
      comment: 'Only the two barrels import #connector, which resolves to one of these files.',
      severity: 'error',
      from: {path: '^src/', pathNot: '^src/(index\\.ts$|core-index\\.ts$|connectors/default/)'},
      to: {path: '^src/connectors/default/'},
    },
    {
      name: 'node-modules-in-node-rooms',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(connectors/(undici/|default/node\\.ts)|download/node-hash\\.ts|node/|openapi/|conformance/server/)',
      },
      to: {dependencyTypes: ['core']},
    },
    {
      name: 'library-stands-alone',
      severity: 'error',
      from: {path: '^src/'},
      to: {path: '^(test|examples|playground)/'},
    },
    {
      name: 'playground-model-stands-alone',
      severity: 'error',
      from: {path: '^playground/model/'},
      to: {pathNot: '^playground/model/'},
    },
    {
      name: 'playground-page-knows-no-server',
      severity: 'error',
      from: {path: '^playground/(page|run|static)/'},
      to: {path: '^playground/server/'},
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: {path: '^src/'},
      // An integration's package is a peer, and a devDependency for its tests as well.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: {path: '(^|/)node_modules/'},
    exclude: {path: '^(dist|playground/dist|examples/sdk|test/compat)/'},
    // Type-only imports are arrows too.
    tsPreCompilationDeps: true,
    tsConfig: {fileName: 'test/tsconfig.json'},
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['@aiofetch/source', 'node', 'import', 'types', 'default'],
    },
  },
};
