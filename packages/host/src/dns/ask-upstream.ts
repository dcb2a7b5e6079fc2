import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Transport } from './responder.ts';
import type { UpstreamServer } from './upstream.ts';
import { FLAG, HEADER_BYTES, type Query } from './wire.ts';

export interface Asked {
  packet: Buffer;
  query: Query;
  server: UpstreamServer;
  transport: Transport;
  signal: AbortSignal;
}

/**
 * What a server answers to a client's packet, with the client's id; undefined where nothing comes until the signal. Asked
 * under a random id from a port of its own: who cannot read the packet cannot answer it (RFC 5452).
 */
export function askUpstream(asked: Asked): Promise<Buffer | undefined> {
  const packet = Buffer.from(asked.packet);
  packet.writeUInt16BE(randomInt(0x10000), 0);
  const ask = asked.transport === 'udp' ? askByUdp : askByTcp;
  return new Promise((resolve) => {
    const finish = (response?: Buffer) => {
      end();
      asked.signal.removeEventListener('abort', giveUp);
      if (response) asked.packet.copy(response, 0, 0, 2);
      resolve(response);
    };
    const giveUp = () => finish();
    const end = ask(packet, asked.server, (response) => {
      if (!response) finish();
      else if (isAnswer(response, packet, asked.query)) finish(Buffer.from(response));
    });
    if (asked.signal.aborted) giveUp();
    else asked.signal.addEventListener('abort', giveUp, { once: true });
  });
}

/** To this very question, under this id. */
function isAnswer(response: Buffer, packet: Buffer, { questionEnd }: Query): boolean {
  if (response.length < questionEnd || (response.readUInt16BE(2) & FLAG.QR) === 0) return false;
  if (response.readUInt16BE(0) !== packet.readUInt16BE(0)) return false;
  return response.compare(packet, HEADER_BYTES, questionEnd, HEADER_BYTES, questionEnd) === 0;
}

/** `onResponse` gets undefined where no more will come. Returns what ends it. */
type Ask = (
  packet: Buffer,
  server: UpstreamServer,
  onResponse: (response: Buffer | undefined) => void,
) => () => void;

const askByUdp: Ask = (packet, { address, port }, onResponse) => {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let open = true;
  socket.on('message', onResponse);
  socket.on('error', () => onResponse(undefined));
  // Connected: the kernel drops what comes from elsewhere, and tells when nobody listens there.
  socket.connect(port, address, () => {
    if (open) socket.send(packet);
  });
  return () => {
    if (open) socket.close();
    open = false;
  };
};

const askByTcp: Ask = (packet, { address, port }, onResponse) => {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(packet.length);
  let read: Buffer = Buffer.alloc(0);
  const socket = connect({ host: address, port }, () => socket.write(Buffer.concat([prefix, packet])));
  socket.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    if (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0))
      onResponse(read.subarray(2, 2 + read.readUInt16BE(0)));
  });
  socket.on('error', () => onResponse(undefined));
  socket.on('close', () => onResponse(undefined));
  return () => socket.destroy();
};
