-- The requests of wrk. Arguments: the kind of request, the seconds, a file with the ids of the
-- shop's customers and tickets, and a prefix that makes this run's idempotency keys unique.
--
-- After the time, wrk sends no more requests but waits for all responses. So it counts every
-- response of the server.

local ffi = require("ffi")
ffi.cdef([[
typedef struct { long seconds; long microseconds; } moment;
int gettimeofday(moment *now, void *zone);
]])
local moment = ffi.new("moment")

local function now()
    ffi.C.gettimeofday(moment, nil)
    return tonumber(moment.seconds) + tonumber(moment.microseconds) / 1e6
end

local threads = {}

function setup(thread)
    thread:set("number", #threads + 1)
    table.insert(threads, thread)
end

local function post(path, body)
    return string.format(
        "POST %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n%s",
        path, wrk.headers["Host"], wrk.headers["x-api-key"], body)
end

local function get(path)
    return string.format("GET %s HTTP/1.1\r\nHost: %s\r\nX-API-Key: %s\r\n\r\n",
        path, wrk.headers["Host"], wrk.headers["x-api-key"] or "")
end

local function with_body(key, body)
    local name = key and string.format("Idempotency-Key: %s\r\n", key) or ""
    return string.format("%sContent-Length: %d\r\n\r\n%s", name, #body, body)
end

local function any(list)
    return list[math.random(#list)]
end

-- Random words of 20,000, the first ones more often, as in a language.
local function words(count)
    local chosen = {}
    for place = 1, count do
        chosen[place] = "word" .. math.floor(20000 ^ math.random())
    end
    return table.concat(chosen, " ")
end

local function ticket(key, message)
    local order = sent % 1000003
    message = message or string.format("Hello, I need a refund of order %d.", order)
    local body = string.format(
        '{"customerId":%s,"Channel":"Mail","name":"Refund of order %d","threadId":"thread-%d",'
            .. '"emailUsed":"support@example.com","lastMessage":"%s",'
            .. '"contact_reason":"refund","assigned_to":45,"isOpenedTicket":true,"unReadChatCount":1,'
            .. '"tags":["refund","vip"],"language_code":"en","via":"api"}',
        any(customers), order, order, message)
    return post("/api/v1/tickets", with_body(key, body))
end

local kinds = {
    livez = function() return get("/livez") end,
    ticket = function() return ticket(run .. number .. "-" .. sent) end,
    ticket_without_key = function() return ticket(nil) end,
    ticket_of_40_words = function() return ticket(run .. number .. "-" .. sent, words(40)) end,
    comment = function()
        local body = '{"text":"The parcel is on its way, it will be there tomorrow."}'
        return post("/api/v1/tickets/" .. any(tickets) .. "/comments",
            with_body(run .. number .. "-" .. sent, body))
    end,
    find = function() return get("/api/v1/tickets/" .. any(tickets)) end,
}

function init(arguments)
    run = arguments[4]
    customers, tickets = {}, {}
    for line in io.lines(arguments[3]) do
        local what, id = line:match("(%a+) (%d+)")
        table.insert(what == "customer" and customers or tickets, id)
    end
    -- Any other kind is a path to GET.
    local kind = arguments[1]
    make = kinds[kind] or function() return get(kind) end
    sent = 0
    math.randomseed(number or 0)
    last = now() + tonumber(arguments[2])
end

function request()
    if now() >= last then
        return ""
    end
    sent = sent + 1
    return make()
end

function done(summary, latency)
    -- Before the run, wrk creates the first thread's first request as a check, so subtract one.
    local all = -1
    for _, thread in ipairs(threads) do
        all = all + thread:get("sent")
    end
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"sent": %d, "answered": %d, "refused": %d, "broken": %d, "p50": %f, "p99": %f}\n',
        all, summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
