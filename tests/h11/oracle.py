# What Python's h11 makes of messages: one from standard input, a line for it to standard output.
#
# A message: one letter (Q: a request; G, H: a response to GET, to HEAD), a length of four bytes, the
# bytes. The line: `refused WHY`, `lacks`, or `message` and its parts, in hexadecimal where they may
# hold anything.
import struct
import sys

import h11

ASKED = {b"G": "GET", b"H": "HEAD"}


def told(event):
    if isinstance(event, h11.Request):
        first = [event.method.hex(), event.target.hex()]
    else:
        first = [str(event.status_code), "-"]
    fields = [name.hex() + "=" + value.hex() for name, value in event.headers]
    return first + [event.http_version.decode(), ",".join(fields) or "-"]


def heard(kind, data):
    if kind == b"Q":
        ours = h11.Connection(h11.SERVER)
    else:
        ours = h11.Connection(h11.CLIENT)
        ours.send(h11.Request(method=ASKED[kind], target="/", headers=[("Host", "h")]))
        ours.send(h11.EndOfMessage())
    ours.receive_data(data)
    ended, head, body = False, None, b""
    while True:
        event = ours.next_event()
        if isinstance(event, (h11.Request, h11.Response)):
            head = told(event)
        elif isinstance(event, h11.InformationalResponse):
            head = told(event)
            break
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        elif event is h11.NEED_DATA and kind != b"Q" and not ended:
            ended = True
            ours.receive_data(b"")
        else:
            return "lacks"
    taken = len(data) - len(ours.trailing_data[0])
    return " ".join(["message"] + head + [body.hex() or "-", str(taken)])


while True:
    kind = sys.stdin.buffer.read(1)
    if not kind:
        break
    (length,) = struct.unpack("<I", sys.stdin.buffer.read(4))
    message = sys.stdin.buffer.read(length)
    try:
        line = heard(kind, message)
    except h11.RemoteProtocolError as error:
        why = str(error).replace("\n", " ")
        # We call that the want of bytes.
        line = "lacks" if why.startswith("peer ") else "refused " + why
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
