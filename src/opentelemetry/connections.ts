import type {Meter} from '@opentelemetry/api';
import type {ConnectorStats} from '../core/connector.ts';
import {serverOf} from './attributes.ts';

/** The most hosts without connections that are still reported, with zeros. */
const mostHosts = 1_000;

/**
 * Reports `http.client.open_connections` of a session or a connector.
 *
 * @returns a function that ends the reports
 */
export function observeConnections(meter: Meter, source: {stats(): ConnectorStats}): () => void {
  const connections = meter.createObservableUpDownCounter('http.client.open_connections', {
    description: 'Number of outbound HTTP connections that are currently active or idle on the client.',
    unit: '{connection}',
  });
  // Hosts that had connections once are reported with zeros: exporters repeat the last figures of a host that is missing.
  const seen = new Set<string>();
  const callback: Parameters<typeof connections.addCallback>[0] = (result) => {
    const {hosts, totals} = source.stats();
    // A connector over the runtime's own fetch doesn't know its connections.
    if (totals.opened === 0) return;
    for (const origin of Object.keys(hosts)) {
      // Moves the origin to the end, so that the hosts without connections for the longest time are dropped first.
      seen.delete(origin);
      seen.add(origin);
    }
    for (const origin of seen) {
      const {active, idle} = hosts[origin] ?? {active: 0, idle: 0};
      const server = serverOf(origin);
      result.observe(active, {'http.connection.state': 'active', ...server});
      result.observe(idle, {'http.connection.state': 'idle', ...server});
      if (seen.size > mostHosts && !hosts[origin]) seen.delete(origin);
    }
  };
  connections.addCallback(callback);
  return () => connections.removeCallback(callback);
}
