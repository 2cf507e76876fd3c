// server.js - POST /pay in Node's own http server: reads the JSON and answers it with
// payment_status success. Nothing is stored.
'use strict';
const http = require('http');

const server = http.createServer((request, response) => {
	const chunks = [];
	request.on('data', (chunk) => chunks.push(chunk));
	request.on('end', () => {
		const { order_id, amount } = JSON.parse(Buffer.concat(chunks).toString());
		const body = JSON.stringify({ order_id, amount, payment_status: 'success' });
		response.writeHead(200, {
			'Content-Type': 'application/json',
			'Content-Length': Buffer.byteLength(body),
		});
		response.end(body);
	});
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
