// The methods of Server through which commands and replies cross: events out, answers in.
#pragma once

#include <node_api.h>

namespace distcache::addon {

napi_value DrainEvents(napi_env env, napi_callback_info info);
napi_value AnswerRequest(napi_env env, napi_callback_info info);
napi_value PushBytes(napi_env env, napi_callback_info info);
napi_value KillConnection(napi_env env, napi_callback_info info);

}  // namespace distcache::addon
