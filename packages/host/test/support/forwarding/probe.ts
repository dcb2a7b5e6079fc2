// A client of all protocols: `probe.ts JSON` prints the answers of the calls listed, in their order, as JSON. Run by Bun,
// on the host, in a sandbox or in a namespace, with nothing beside it.
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Call {
  kind: 'tcp' | 'udp' | 'tls' | 'websocket';
  /** Name or address. */
  host: string;
  port: number;
  /** How much to send; 5 by default. */
  bytes?: number;
  /** UDP from a socket that has no peer, as most programs have it. */
  unconnected?: boolean;
  /** Bind to this address first. */
  from?: string;
  /** For what may be lost: how long to wait. */
  patienceMs?: number;
  /** TCP: these bytes instead. */
  text?: string;
}

/** As long as a slow machine may take; nothing that works waits for it. */
const PATIENCE_MS = 10_000;

const getBytes = (call: Call): string => call.text ?? 'x'.repeat(call.bytes ?? 5);

/** The code of the error (`ECONNREFUSED`), or what was answered. */
function callStream(socket: Socket, call: Call): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)));
    socket.on('end', () => resolve(answer));
    socket.on('close', () => resolve(answer || 'closed'));
    if (call.kind === 'tls') socket.once('secureConnect', () => socket.write(getBytes(call)));
    else socket.once('connect', () => socket.end(getBytes(call)));
  });
}

function callUdp(call: Call): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: string) => {
      socket.close();
      resolve(answer.trim());
    };
    const failed = (error: NodeJS.ErrnoException | null) => error && end(error.code ?? String(error));
    // An unconnected socket takes what anybody sends it: who it was is part of the answer.
    socket.on('message', (data, peer) =>
      end(call.unconnected ? `${String(data).trim()} by ${peer.address}` : String(data)),
    );
    socket.on('error', failed);
    socket.bind(0, call.from ?? '0.0.0.0', () => {
      if (call.unconnected) socket.send(getBytes(call), call.port, call.host, failed);
      else socket.connect(call.port, call.host, () => socket.send(getBytes(call), failed));
    });
  });
}

/** Two messages on one connection, with a pause between them. */
function callWebSocket({ host, port }: Call): Promise<string> {
  return new Promise((resolve) => {
    const answers: string[] = [];
    const socket = new WebSocket(`ws://${host}:${port}/`);
    socket.onopen = () => socket.send('one');
    socket.onerror = () => resolve('error');
    socket.onmessage = ({ data }) => {
      answers.push(String(data));
      if (answers.length === 1) return void setTimeout(() => socket.send('two'), 50);
      socket.close();
      resolve(answers.join(', '));
    };
  });
}

function call(one: Call): Promise<string> {
  const { host, port } = one;
  if (one.kind === 'udp') return callUdp(one);
  if (one.kind === 'websocket') return callWebSocket(one);
  if (one.kind === 'tls') return callStream(connectTls({ host, port, rejectUnauthorized: false }), one);
  const from = one.from === undefined ? {} : { localAddress: one.from };
  return callStream(connect({ host, port, allowHalfOpen: true, ...from }), one);
}

const late = ({ patienceMs = PATIENCE_MS }: Call) =>
  new Promise<string>((resolve) => setTimeout(() => resolve('nothing in time'), patienceMs));

const calls = JSON.parse(process.argv[2] ?? '[]') as Call[];
console.log(JSON.stringify(await Promise.all(calls.map((one) => Promise.race([call(one), late(one)])))));
process.exit(0);
