-- request.lua - the requests of one wrk run, and its figures as one line of JSON.
-- Arguments: what ("pay", "keyed", "refused", "order", "get" or "scan"), how order ids are made ("ordered"
-- or "random"), the number of the run, which no other run on the same store has, and for "get" a
-- file of payment ids. Requests are put together here: wrk.format would cost more than the answer.

local HEAD = "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
local BODY = "Content-Type: application/json\r\nContent-Length: %d\r\n"
local ORDER_ID_CHARS = 36 -- as a UUID has
local PERCENTILES = { 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 97, 98, 99, 99.5, 99.9, 99.99 }

local threads = 0

function setup(thread)
	thread:set("thread", threads)
	threads = threads + 1
end

local function random_id()
	local random = math.random
	return ("%08x-%04x-4%03x-a%03x-%012x"):format(random(0, 0xffffffff), random(0, 0xffff),
		random(0, 0xfff), random(0, 0xfff), random(0, 0xffffffffffff))
end

-- The shape of a UUID whose first part is a time: the run, then the count.
local function ordered_id()
	count = count + 1
	return ("%08x-%04x-7000-a000-%012x"):format(run, thread, count)
end

-- A request of which only the order id, and where wanted a key, differ from one to the next.
local function poster(path, members, keyed)
	local body = '{"order_id":"%s"' .. members .. "}"
	local length = #body - #"%s" + ORDER_ID_CHARS
	local head = HEAD:format("POST", path) .. BODY:format(length)
	if keyed then
		local whole = head .. "Idempotency-Key: %s\r\n\r\n" .. body
		return function() return whole:format(random_id(), order_id()) end
	end
	local whole = head .. "\r\n" .. body
	return function() return whole:format(order_id()) end
end

local function getter(ids_file)
	local requests = {}
	for id in io.lines(ids_file) do
		requests[#requests + 1] = HEAD:format("GET", "/payments/" .. id) .. "\r\n"
	end
	return function()
		count = count + 1
		return requests[count % #requests + 1]
	end
end

local makers = {
	pay = function() return poster("/pay", ',"amount":10.99', false) end,
	keyed = function() return poster("/pay", ',"amount":10.99', true) end,
	-- Refused once it is parsed and all its fields are right but for the name of a method.
	refused = function()
		return poster("/pay", ',"amount":10.99,"payment_method":"pm_none"', false)
	end,
	order = function() return poster("/order", ',"amount":10.99', false) end,
	get = getter,
	-- A list that looks at many rows and finds none.
	scan = function()
		local whole = HEAD:format("GET", "/payments?payment_status=voided") .. "\r\n"
		return function() return whole end
	end,
}

function init(args)
	run, count = tonumber(args[3]), 0
	order_id = args[2] == "random" and random_id or ordered_id
	math.randomseed(run * 1000 + thread)
	request = makers[args[1]](args[4])
end

function done(summary, latency)
	local errors = summary.errors
	local points = {}
	for i, p in ipairs(PERCENTILES) do
		points[i] = ("[%g,%g]"):format(p, latency:percentile(p) / 1e3)
	end
	local figures = '{"rate":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"answers":%d,"refused":%d,' ..
		'"lost":%d,"latency_ms":[%s]}\n'
	io.write(figures:format(summary.requests * 1e6 / summary.duration,
		latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
		summary.requests, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout,
		table.concat(points, ",")))
end
