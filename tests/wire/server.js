// A server of Node behind the proxy. The page is the file of its argument.
const fs = require('fs');
const http = require('http');
const page = fs.readFileSync(process.argv[1]);
const server = http.createServer((request, response) => {
  if (request.url === '/page') {
    response.writeHead(200, { 'Content-Length': page.length });
    response.end(request.method === 'HEAD' ? undefined : page);
  } else if (request.url === '/hints') {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('hinted here.');
  } else if (request.url === '/echo' || request.url === '/continue') {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      response.writeHead(200, { Trailer: 'X-Bytes' });
      response.write(body);
      response.addTrailers({ 'X-Bytes': String(body.length) });
      response.end();
    });
  } else {
    response.write('one ');
    response.write('two ');
    response.end('three');
  }
});
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
