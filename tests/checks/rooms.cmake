# The dependency line, checked. guardian_check_room() reads the #include lines of a room's sources
# and stops with file and line at one that leaves the room without leave: a room not in ROOMS, a
# header not public, a path not written from the root, or a header of ours in <>. Used at configure
# and by ctest.

# room_of(PATH out): the room whose folder holds PATH (the longest one wins, as audit/base in audit).
function(guardian_room_of path out)
    set(best "")
    foreach(known IN LISTS GUARDIAN_ROOM_FOLDERS)
        string(FIND "${path}" "${known}/" at)
        string(LENGTH "${known}" known_length)
        string(LENGTH "${best}" best_length)
        if(at EQUAL 0 AND known_length GREATER best_length)
            set(best "${known}")
        endif()
    endforeach()
    set(${out} "${best}" PARENT_SCOPE)
endfunction()

# guardian_check_room(root FOLDER audit ROOMS geoip;audit/base)
#   FOLDER: the room's folder; ROOMS: folders of the rooms it may use.
# Reads GUARDIAN_ROOM_FOLDERS and GUARDIAN_PUBLIC_HEADERS (paths from the root, or folder/*.h).
function(guardian_check_room root)
    cmake_parse_arguments(room "" "FOLDER" "ROOMS" ${ARGN})
    file(GLOB_RECURSE sources RELATIVE "${root}" "${root}/${room_FOLDER}/*.c"
         "${root}/${room_FOLDER}/*.h")
    foreach(source IN LISTS sources)
        guardian_room_of("${source}" home)
        if(NOT home STREQUAL room_FOLDER)
            continue()
        endif()
        file(STRINGS "${root}/${source}" includes REGEX "^[ \t]*#[ \t]*include[ \t]*[\"<]")
        foreach(include IN LISTS includes)
            if(include MATCHES "include[ \t]*<([^>]*)>")
                guardian_room_of("${CMAKE_MATCH_1}" owner)
                if(owner)
                    guardian_stop("${root}" "${source}" "<${CMAKE_MATCH_1}>"
                                  "is ours: it is written in quotes")
                endif()
                continue()
            endif()
            string(REGEX REPLACE "^[^\"]*\"([^\"]*)\".*" "\\1" target "${include}")
            guardian_check_include("${root}" "${source}" "${target}" "${room_FOLDER}"
                                   "${room_ROOMS}")
        endforeach()
    endforeach()
endfunction()

function(guardian_check_include root source target folder rooms)
    if(target MATCHES "^catalogue_data\\.h$" AND folder STREQUAL "audit")
        return() # generated into the build folder
    endif()
    guardian_room_of("${target}" owner)
    set(problem "")
    if(owner STREQUAL "")
        set(problem "is not written from the root or lies in no room")
    elseif(NOT EXISTS "${root}/${target}")
        set(problem "does not exist")
    elseif(owner STREQUAL folder)
        return()
    elseif(NOT owner IN_LIST rooms)
        set(problem "belongs to room ${owner}, which room ${folder} may not use")
    else()
        get_filename_component(target_folder "${target}" DIRECTORY)
        if(NOT target IN_LIST GUARDIAN_PUBLIC_HEADERS
           AND NOT "${target_folder}/*.h" IN_LIST GUARDIAN_PUBLIC_HEADERS)
            set(problem "is private to room ${owner}")
        endif()
    endif()
    if(problem)
        guardian_stop("${root}" "${source}" "\"${target}\"" "${problem}")
    endif()
endfunction()

# Stops with the file and the line the include stands in.
function(guardian_stop root source written problem)
    file(READ "${root}/${source}" text)
    string(FIND "${text}" "${written}" at)
    string(SUBSTRING "${text}" 0 ${at} before)
    string(REGEX MATCHALL "\n" newlines "${before}")
    list(LENGTH newlines number)
    math(EXPR number "${number} + 1")
    message(FATAL_ERROR "${source}:${number}: ${written} ${problem}")
endfunction()
