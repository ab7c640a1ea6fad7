import type {Connector, ConnectorDefinition, ConnectorOptions} from 'aiofetch';
import {createConnector, UnsupportedOptionError} from 'aiofetch';

const name = 'xhr';

const definition: ConnectorDefinition = {
  name,
  capabilities: {sockets: false, connectTimeout: false, requestStreams: false, manualRedirect: false},
  send(request, signal, progress) {
    const {method, url, headers, redirect} = request;
    if (redirect !== 'follow') {
      throw new UnsupportedOptionError(
        'redirect',
        `the ${name} connector`,
        'XMLHttpRequest always follows redirects',
      );
    }
    // `createConnector` has called a function and refused a stream.
    const body = request.body as XMLHttpRequestBodyInit | null;
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      xhr.responseType = 'arraybuffer';
      for (const [header, value] of headers) xhr.setRequestHeader(header, value);
      if (body !== null) {
        let sent = 0;
        xhr.upload.onprogress = ({loaded}) => {
          progress.sent(loaded - sent);
          sent = loaded;
        };
        // From now on silence is the server's, and the read timeout runs.
        xhr.upload.onload = () => progress.done();
      }
      xhr.onload = () => resolve(toResponse(xhr, url));
      // As `fetch` does it. `createConnector` makes a ConnectionError of it.
      xhr.onerror = () =>
        reject(new TypeError('XMLHttpRequest could not send the request or read its response'));
      xhr.onabort = () => reject(signal.reason);
      signal.addEventListener('abort', () => xhr.abort());
      xhr.send(body);
    });
  },
};

/** Statuses of responses that have no body (Fetch, "null body status"). The constructor of `Response` takes no body for them. */
const nullBodyStatuses = [204, 205, 304];

function toResponse(xhr: XMLHttpRequest, url: string): Response {
  const {status, statusText, response, responseURL} = xhr;
  const body = nullBodyStatuses.includes(status) ? null : (response as ArrayBuffer);
  const made = new Response(body, {status, statusText, headers: headersOf(xhr)});
  // The constructor can't set these members, which tell of redirects.
  return Object.defineProperties(made, {url: {value: responseURL}, redirected: {value: responseURL !== url}});
}

function headersOf(xhr: XMLHttpRequest): Array<[string, string]> {
  return xhr
    .getAllResponseHeaders()
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line) => {
      const end = line.indexOf(':');
      return [line.slice(0, end), line.slice(end + 1).trim()];
    });
}

/** A connector that sends with XMLHttpRequest. */
export function xhrConnector(options?: ConnectorOptions): Connector {
  return createConnector(definition, options);
}
