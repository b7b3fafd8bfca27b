# Python's own client before the proxy: one connection, every framing, both ways.
import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)


def ask(method, path, body=None, **more):
    connection.request(method, path, body=body, **more)
    response = connection.getresponse()
    assert response.version == 11, response.version
    return response.status, response.read()


for path in ("/length", "/chunked", "/a?b=c"):
    assert ask("GET", path) == (200, f"GET {path} HTTP/1.1\n".encode())
    socket = connection.sock
    assert socket is not None, "the connection has to stay"
assert ask("HEAD", "/length") == (200, b"")
assert ask("POST", "/body", b"x" * 100_000) == (200, b"x" * 100_000)
# In chunks, as what has no length is sent.
parts = (bytes([65 + n % 26]) * (n * 37) for n in range(1, 60))
whole = b"".join(bytes([65 + n % 26]) * (n * 37) for n in range(1, 60))
status, body = ask("POST", "/body", parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
assert (status, body) == (200, whole)
status, body = ask("PUT", "/length", b"", headers={"Expect": "x", "X-Long": "y" * 4000})
assert status == 200, status
assert connection.sock is socket, "one connection for all of them"
print("all is well")
